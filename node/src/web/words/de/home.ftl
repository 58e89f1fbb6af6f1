# Was los ist.
home-title = Was los ist
home-search = Titel oder Stichwort
home-find = Suchen
home-schedule = Neues Treffen
home-mine = Für dich
home-others = Außerdem demnächst
home-on = Demnächst
home-someday = An einem Tag, der hier nicht bekannt ist
home-more = Mehr
home-more-mine = Mehr für dich
home-cut = Es gibt mehr, als durchgesehen wurde: Such nach einem Wort, das weniger haben.
home-none-found = Nichts gefunden zu { $who }
home-all = Alles zeigen
home-none-coming = Demnächst ist nichts
home-empty = Noch nichts hier
home-empty-next = Folge Leuten oder öffne, was dir jemand geteilt hat: Was sie veranstalten, erscheint dann hier. Oder lade selbst ein.
home-find-people = Leute finden
home-seats = { $count } von { $capacity ->
    [one] 1 Platz
   *[other] { $capacity } Plätzen
 }
home-seats-over = { $count } haben einen Platz, mehr als die { $capacity }, die es jetzt gibt
home-coming = { $count ->
    [0] noch niemand
    [one] 1 kommt
   *[other] { $count } kommen
 }
home-waiting = { $count } warten
home-seated = Du hast einen Platz
home-place = Du wartest auf Platz { $count }
home-asked = Du hast zugesagt
home-released = Dein Platz wurde freigegeben
home-maybe = Du hast „vielleicht“ gesagt
home-no = Du hast abgesagt
