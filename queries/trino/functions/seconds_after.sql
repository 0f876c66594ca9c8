-- title: seconds_after(moment, seconds): the moment so many seconds later; earlier if negative.
create or replace macro seconds_after(moment, seconds) as date_add('second', cast(seconds as bigint), moment);
