# Days and times.
when-january = January
when-february = February
when-march = March
when-april = April
when-may = May
when-june = June
when-july = July
when-august = August
when-september = September
when-october = October
when-november = November
when-december = December
when-monday = Monday
when-tuesday = Tuesday
when-wednesday = Wednesday
when-thursday = Thursday
when-friday = Friday
when-saturday = Saturday
when-sunday = Sunday
# So many letters of a weekday stand on the leaf of a calendar.
when-letters = 3
when-date = { $weekday } { $day } { $month } { $year }
when-short-date = { $weekday } { $day } { $month }
when-here = { $time } in { $zone }
when-all-day = all day
when-today = Today
when-tomorrow = Tomorrow
when-never = at no known time
# How a series repeats.
repeats-days = { $count ->
    [one] every day
   *[other] every { $count } days
 }
repeats-weeks = { $count ->
    [one] every week
   *[other] every { $count } weeks
 }
repeats-months = { $count ->
    [one] every month
   *[other] every { $count } months
 }
repeats-years = { $count ->
    [one] every year
   *[other] every { $count } years
 }
repeats-on = { $what } on { $days }
repeats-and = { $before } and { $last }
repeats-first = the first { $day }
repeats-second = the second { $day }
repeats-third = the third { $day }
repeats-fourth = the fourth { $day }
repeats-fifth = the fifth { $day }
repeats-last = the last { $day }
repeats-day = day { $count }
repeats-last-day = the last day
repeats-count = { $count ->
    [one] { $what }, once
   *[other] { $what }, { $count } times
 }
repeats-until = { $what }, until { $date }
