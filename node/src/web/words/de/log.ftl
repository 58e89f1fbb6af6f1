# Was ein Eintrag eines Logs sagt, in wenigen Worten nach dem, wer ihn schrieb.
log-went-on = weitergemacht statt { $who }, von dem die Einträge 1 bis { $count } zählen
log-began = dieses Log begonnen
log-profile = sich „{ $who }“ genannt
log-follow = { $who } gefolgt
log-unfollow = { $who } nicht mehr gefolgt
log-announced = angekündigt: „{ $who }“
log-said = gesagt: „{ $who }“
log-took-back = { $count ->
    [one] 1 Eintrag zurückgenommen
   *[other] { $count } Einträge zurückgenommen
 }
log-hid = { $count ->
    [one] 1 Eintrag verborgen
   *[other] { $count } Einträge verborgen
 }
log-hid-why = { $count ->
    [one] 1 Eintrag verborgen
   *[other] { $count } Einträge verborgen
 }: { $who }
log-showed = { $count ->
    [one] 1 Eintrag wieder gezeigt
   *[other] { $count } Einträge wieder gezeigt
 }
log-sealed = etwas geschrieben, das nur manche lesen
log-scheduled = „{ $who }“ angesetzt
log-changed = ein Treffen geändert
log-cancelled = ein Treffen abgesagt
log-cancelled-why = ein Treffen abgesagt: { $who }
log-skipped = den Termin { $who } abgesagt
log-yes = { $count ->
    [one] zugesagt
   *[other] für { $count } zugesagt
 }
log-maybe = { $count ->
    [one] „vielleicht“ geantwortet
   *[other] „vielleicht“ geantwortet, für { $count }
 }
log-no = { $count ->
   *[other] abgesagt
 }
log-confirmed = das Ja bestätigt
log-ranked = { $count ->
    [one] 1 Gast eingereiht
   *[other] { $count } Gäste eingereiht
 }
log-gave-up = { $count ->
    [one] 1 Gast von der Liste genommen
   *[other] { $count } Gäste von der Liste genommen
 }
log-closed = die eigene Liste geschlossen
log-arrived = angekommen
log-here = gesagt, da zu sein
log-let-in = { $who } eingelassen
log-late = vermerkt, dass { $who } zu spät kam
log-gone = vermerkt, dass { $who } ging
log-founded = die Gruppe „{ $who }“ gegründet
log-joined = einer Gruppe beigetreten
log-left = aus einer Gruppe ausgetreten
log-made-owner = { $who } zum Eigentümer gemacht
log-made-organizer = { $who } die Organisation übertragen
log-made-host = { $who } zum Gastgeber gemacht
log-made-door = { $who } die Tür übertragen
log-revoked = { $who } die Rollen entzogen
log-accepted = { $who } in eine Gruppe aufgenommen
log-endorsed = { $count ->
    [one] 1 Eintrag trotzdem zählen lassen
   *[other] { $count } Einträge trotzdem zählen lassen
 }
log-silent = gesagt, dass { $who } verstummt ist
log-present = geantwortet, nicht verstummt zu sein
log-public = eine Gruppe öffentlich gemacht
log-private = eine Gruppe nicht mehr öffentlich gemacht
log-asked = gefragt: „{ $who }“
log-voted = { $count ->
    [one] für 1 Termin gestimmt
   *[other] für { $count } Termine gestimmt
 }
log-settled = eine Umfrage entschieden
log-no-text = etwas geschrieben, dessen Text nicht hier ist
log-hidden = etwas geschrieben, dessen Worte verborgen sind
log-unknown = etwas geschrieben, das diese Version nicht kennt
