# Leute.
people-near = Gerade in diesem Netz
people-nobody-near = Niemand Neues ist hier. Wer im selben Netz Klatch laufen hat, erscheint von selbst.
people-here-now = gerade hier
people-follow = Folgen
people-paste = Hat dir jemand etwas gegeben?
people-paste-what = Füg es hier ein
people-paste-forms = Eine Zeile zum Teilen (klatch:entry1…), die Einladung eines Pubs (klatch:join/…) oder eine Kennung (feed1…).
people-paste-nothing = Das ist weder eine Zeile, die mit klatch: beginnt, noch eine Kennung, die mit feed1 beginnt, noch ein Name, der hier bekannt ist.
people-paste-go = Öffnen
people-follows = Du folgst
people-nobody = Noch niemandem. Was Leute veranstalten, erscheint am Start, sobald du ihnen folgst.
people-mine = Du
people-mine-what = Zeig das Leuten, die dir folgen wollen.
people-id = Kennung
people-blocked = Blockiert
people-went-on = macht unter neuem Schlüssel weiter
people-forked = Gegabelt
people-nothing = Von ihnen ist noch nichts hier.
people-entries = { $count ->
    [one] 1 Eintrag hier
   *[other] { $count } Einträge hier
 }
people-before = { $count } weitere unter früherem Schlüssel
people-blocked-count = { $count ->
    [one] Du blockierst 1 Person.
   *[other] Du blockierst { $count } Personen.
 }
people-calls = nennt sich { $who }
people-you = Du
people-followed = Du folgst ihnen
people-went-on-what = Mit ihren Wörtern machen sie unter neuem Schlüssel weiter. Es ist dieselbe Person, und du folgst beiden.
people-now = Wer sie jetzt sind
people-cap = { $count ->
    [0] Nichts davon zählt.
    [one] Eintrag 1 zählt, später nichts mehr.
   *[other] Die Einträge 1 bis { $count } zählen, später nichts mehr.
 }
people-forked-what = Ihr Schlüssel hat zwei verschiedene Einträge für dieselbe Stelle unterschrieben: zwei Kopien eines Zuhauses oder ein gestohlener Schlüssel. Mit ihren Wörtern können sie unter neuem Schlüssel weitermachen, und du folgst ihm von selbst.
people-petname = Dein Name für sie
people-petname-what = Nur du siehst ihn. Bleibt er leer, heißen sie, wie sie sich selbst nennen.
people-rename = Diesen Namen behalten
people-unblock = Nicht mehr blockieren und folgen
people-unfollow = Nicht mehr folgen
people-block = Blockieren
people-block-what = Wem du folgst und wen du blockierst, ist deine Sache: Niemand erfährt es. Eine Blockade nimmt nichts mehr von ihnen an und trennt Verbindungen; was andere über sie weitergeben, zählt weiter für Plätze.
people-links = Anderswo
people-log = Ihr Log herunterladen
people-share = Teilen
people-share-what = Wer das scannt oder die Zeile bekommt, findet es und folgt den Gastgebern.
people-share-where = Die Zeile nennt keine Adresse, weil diesen Knoten von anderswo niemand erreicht: Sie hilft Leuten im selben Netz oder mit einem anderen Weg zu den Gastgebern.
people-share-line = Die Zeile
people-coming = Es ist unterwegs
people-coming-what = Es kommt, sobald die Gastgeber oder jemand, der es hat, erreicht werden. Diese Seite sieht von selbst wieder nach.

did-welcome = Du bist da. Jetzt finde Leute.
did-follow = Du folgst ihnen.
did-unfollow = Du folgst ihnen nicht mehr.
did-block = Blockiert.
did-open = Geöffnet: Du folgst den Gastgebern.
did-join = Du bist im Pub: Er bewahrt dein Log auf und gibt weiter, was deine Gruppen sagen.
