# Gruppen.
groups-mine = Deine
groups-others = Andere, die hier bekannt sind
groups-empty = Noch ist hier keine Gruppe bekannt
groups-empty-next = Gruppen kommen mit den Leuten darin: Folge jemandem oder öffne eine Zeile, die zu einer führt.
groups-members = { $count ->
    [one] 1 Mitglied
   *[other] { $count } Mitglieder
 }
groups-events = { $count ->
    [one] 1 Treffen
   *[other] { $count } Treffen
 }
groups-join = Beitreten
groups-leave = Austreten
groups-asking = Du hast um Aufnahme gebeten
groups-ask-no-more = Nicht mehr bitten
groups-coming = Demnächst
groups-no-events = Demnächst ist nichts.
groups-first = Zurück zum Anfang
groups-cut = Es gibt mehr, als hier durchgesehen wird: Such danach auf der ersten Seite.
groups-polls = Umfragen
groups-lead = Wer sie leitet
groups-open = Alle dürfen beitreten.
groups-approval = Wer beitritt, wartet auf Aufnahme.
groups-public = Alle dürfen davon lesen, auf den Seiten eines Pubs.
groups-make-public = Öffentlich machen
groups-make-private = Nicht mehr öffentlich
groups-invite = Nur wer eingeladen ist, sollte fragen.

did-group-join = Du bist dabei.
did-group-public = Die Gruppe ist jetzt öffentlich: Bitte den Betreiber eines Pubs, sie aufzuführen.
did-group-private = Die Gruppe ist nicht mehr öffentlich.
did-group-leave = Du bist ausgetreten.
