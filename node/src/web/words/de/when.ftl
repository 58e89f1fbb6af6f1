# Tage und Zeiten.
when-january = Januar
when-february = Februar
when-march = März
when-april = April
when-may = Mai
when-june = Juni
when-july = Juli
when-august = August
when-september = September
when-october = Oktober
when-november = November
when-december = Dezember
when-monday = Montag
when-tuesday = Dienstag
when-wednesday = Mittwoch
when-thursday = Donnerstag
when-friday = Freitag
when-saturday = Samstag
when-sunday = Sonntag
# So viele Buchstaben eines Wochentags stehen auf einem Kalenderblatt.
when-letters = 2
when-date = { $weekday }, { $day }. { $month } { $year }
when-short-date = { $weekday }, { $day }. { $month }
when-here = { $time } in { $zone }
when-all-day = ganztägig
when-today = Heute
when-tomorrow = Morgen
when-never = zu unbekannter Zeit
# Wie sich eine Reihe wiederholt.
repeats-days = { $count ->
    [one] jeden Tag
   *[other] alle { $count } Tage
 }
repeats-weeks = { $count ->
    [one] jede Woche
   *[other] alle { $count } Wochen
 }
repeats-months = { $count ->
    [one] jeden Monat
   *[other] alle { $count } Monate
 }
repeats-years = { $count ->
    [one] jedes Jahr
   *[other] alle { $count } Jahre
 }
repeats-on = { $what } am { $days }
repeats-and = { $before } und { $last }
repeats-first = ersten { $day }
repeats-second = zweiten { $day }
repeats-third = dritten { $day }
repeats-fourth = vierten { $day }
repeats-fifth = fünften { $day }
repeats-last = letzten { $day }
repeats-day = { $count }.
repeats-last-day = letzten Tag
repeats-count = { $count ->
    [one] { $what }, einmal
   *[other] { $what }, { $count }-mal
 }
repeats-until = { $what }, bis { $date }
