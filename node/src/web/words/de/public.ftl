# Die Seiten eines Pubs, für alle.
public-brief = Was los ist, wie der Pub { $who } es zeigt
public-group-brief = Was die Gruppe { $who } als Nächstes tut, und wie du hinkommst
public-foot = Allen gezeigt vom Pub { $who }. Gäste werden nicht gezeigt. Wenn etwas nicht hierher gehört, sprich mit den Gastgebern.
public-empty = Komm bald wieder, oder sieh bei den Gruppen nach: Jede hat einen Kalender und einen Feed, die du behalten kannst.
public-nothing = Vielleicht wurde sie entfernt, oder die Adresse ist vertippt.
public-members = { $count ->
    [one] 1 Mitglied
   *[other] { $count } Mitglieder
 }
public-past = Was war
public-what = Wie du hinkommst
public-what-more = Öffne, was dir gefällt: Auf der Seite steht, wie du hinkommst. Lesen kannst du alles ohne Programm und ohne Konto.
public-keep = Nichts verpassen
public-keep-more = Kalender und Leseprogramme sehen hier von selbst nach:
public-ics = Kalender
public-atom = Feed
public-how = Wie du hinkommst
public-how-klatch = Wer kommt, sagt es mit Klatch: einem Programm auf dem eigenen Rechner, ohne Konto und ohne Firma dazwischen.
public-how-install = Installiere Klatch und starte es:
public-how-line = Öffne diese Zeile auf seiner Seite, oder mit „klatch open“ und der Zeile in Anführungszeichen:
public-how-scan = Als Bild zum Scannen zeigen
public-how-picture = Dieselbe Zeile als QR-Code
public-how-answer = Sag zu. Dort siehst du, ob du einen Platz hast.
public-how-invite = Klatch ist neu für dich, und nie ist jemand da, wenn du da bist? Bitte einen Gastgeber um eine Einladung zu { $who } und gib sie an
