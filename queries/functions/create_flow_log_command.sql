-- title: create_flow_log_command(resource_id, log_destination_type, log_destination, log_group_name): the AWS CLI command
--   that creates a flow log with every field that 10.2.2 can draw on. Unknown values stand as <...> to be filled in.
-- source: AWS CLI Command Reference, "create-flow-logs"; Amazon VPC User Guide, "Flow log records"
create or replace macro create_flow_log_command (
  resource_id,
  log_destination_type,
  log_destination,
  log_group_name
) as 'aws ec2 create-flow-logs --resource-type ' || case
  when resource_id like 'subnet-%' then 'Subnet --resource-ids ' || command_word (resource_id)
  when resource_id like 'eni-%' then 'NetworkInterface --resource-ids ' || command_word (resource_id)
  when resource_id like 'nat-%' then 'RegionalNatGateway --resource-ids ' || command_word (resource_id)
  when resource_id like 'vpc-%' then 'VPC --resource-ids ' || command_word (resource_id)
  else 'VPC --resource-ids <vpc-id>'
end || ' --traffic-type ALL --max-aggregation-interval 60 ' || case
  when log_destination_type = 'cloud-watch-logs' then '--log-destination-type cloud-watch-logs --log-group-name ' || coalesce(command_word (log_group_name), '<log-group>') || ' --deliver-logs-permission-arn <role-arn>'
  else '--log-destination-type s3 --log-destination ' || if (
    log_destination_type = 's3'
    and log_destination is not null,
    command_word (log_destination),
    '<bucket-arn>'
  )
end || ' --log-format ''${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status} ${vpc-id} ${subnet-id} ${instance-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr} ${region} ${az-id} ${pkt-src-aws-service} ${pkt-dst-aws-service} ${flow-direction} ${traffic-path} ${reject-reason}''';
