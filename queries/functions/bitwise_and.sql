-- title: bitwise_and(a, b): Trino's name for the bits that both numbers have.
create or replace macro bitwise_and (a, b) as a & b;
