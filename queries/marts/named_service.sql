-- title: Services that reports know by their port: for administration, insecure, stores of data, and others
-- grain: one row a protocol and range of ports; no port is in two
-- parameters: none
-- source: IANA Service Name and Transport Protocol Port Number Registry; PCI DSS v4.0.1, 1.2.6, 2.2.5 and 2.2.7 name FTP, Telnet,
--   POP3, IMAP, SNMP v1 and v2, TFTP, rsh, rlogin and unencrypted VNC among what needs a justification. A port shows which
--   service is likely, not which one answers.
select
  *
from
  (
    values
      (
        6,
        20,
        21,
        'FTP',
        false,
        true,
        false,
        'sends passwords in clear text'
      ),
      (
        6,
        22,
        22,
        'SSH',
        true,
        false,
        false,
        'is for administration'
      ),
      (
        6,
        23,
        23,
        'Telnet',
        true,
        true,
        false,
        'is for administration, in clear text'
      ),
      (6, 25, 25, 'SMTP', false, false, false, 'is mail'),
      (
        6,
        53,
        53,
        'DNS',
        false,
        false,
        false,
        'resolves names'
      ),
      (
        17,
        53,
        53,
        'DNS',
        false,
        false,
        false,
        'resolves names'
      ),
      (
        17,
        69,
        69,
        'TFTP',
        false,
        true,
        false,
        'has no authentication'
      ),
      (
        6,
        80,
        80,
        'HTTP',
        false,
        false,
        false,
        'is the web in clear text'
      ),
      (
        6,
        110,
        110,
        'POP3',
        false,
        true,
        false,
        'sends passwords in clear text'
      ),
      (
        17,
        123,
        123,
        'NTP',
        false,
        false,
        false,
        'synchronises clocks'
      ),
      (
        6,
        143,
        143,
        'IMAP',
        false,
        true,
        false,
        'sends passwords in clear text'
      ),
      (
        17,
        161,
        161,
        'SNMP',
        true,
        true,
        false,
        'is for administration, in versions 1 and 2 in clear text'
      ),
      (
        6,
        443,
        443,
        'HTTPS',
        false,
        false,
        false,
        'is the encrypted web'
      ),
      (
        17,
        443,
        443,
        'HTTPS',
        false,
        false,
        false,
        'is the encrypted web (QUIC)'
      ),
      (
        6,
        445,
        445,
        'SMB',
        false,
        true,
        false,
        'is for file sharing inside a network'
      ),
      (
        6,
        512,
        514,
        'r-commands',
        true,
        true,
        false,
        'are for administration, in clear text'
      ),
      (
        17,
        514,
        514,
        'syslog',
        false,
        false,
        false,
        'carries logs in clear text'
      ),
      (
        6,
        1433,
        1433,
        'SQL Server',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        1521,
        1521,
        'Oracle',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        2049,
        2049,
        'NFS',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        3306,
        3306,
        'MySQL',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        3389,
        3389,
        'RDP',
        true,
        false,
        false,
        'is for administration'
      ),
      (
        17,
        3389,
        3389,
        'RDP',
        true,
        false,
        false,
        'is for administration'
      ),
      (
        6,
        5432,
        5432,
        'PostgreSQL',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        5439,
        5439,
        'Redshift',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        5900,
        5906,
        'VNC',
        true,
        true,
        false,
        'is for administration, mostly without encryption'
      ),
      (
        6,
        5985,
        5985,
        'WinRM over HTTP',
        true,
        false,
        false,
        'is for administration'
      ),
      (
        6,
        5986,
        5986,
        'WinRM over HTTPS',
        true,
        false,
        false,
        'is for administration'
      ),
      (
        6,
        6379,
        6379,
        'Redis',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        9200,
        9200,
        'OpenSearch',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        11211,
        11211,
        'memcached',
        false,
        false,
        true,
        'is a store of data'
      ),
      (
        6,
        27017,
        27017,
        'MongoDB',
        false,
        false,
        true,
        'is a store of data'
      )
  ) as named (
    protocol,
    first_port,
    last_port,
    service,
    is_administration,
    is_insecure,
    is_data_store,
    reason
  )
order by
  protocol,
  first_port
