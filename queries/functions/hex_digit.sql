-- title: hex_digit(digits, place): the hexadecimal digit at a place of a text, from 1, as a number.
create or replace macro hex_digit (digits, place) as strpos('0123456789abcdef', substr(digits, place, 1)) - 1;
