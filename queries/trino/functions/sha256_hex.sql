-- title: sha256_hex(words): the SHA-256 of a text's UTF-8 bytes, as 64 hexadecimal digits.
create or replace macro sha256_hex(words) as lower(to_hex(sha256(to_utf8(words))));
