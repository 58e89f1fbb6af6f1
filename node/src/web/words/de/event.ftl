# Ein Treffen.
event-cancelled = Abgesagt
event-past = Vorbei
event-all-dates = Alle Termine dieser Reihe
event-incomplete = Einige Texte sind noch nicht hier: Das kann sich ändern.
event-coming = Kommst du?
event-yes = Ja
event-maybe = Vielleicht
event-no = Nein
event-mine-seated = { $count ->
    [one] Du hast einen Platz.
   *[other] Du hast Plätze für { $count } Personen.
 }
event-mine-waiting = Alle Plätze sind vergeben: Du stehst auf Platz { $count } der Warteliste.
event-mine-provisional = Du hast zugesagt. Ein Platz ist frei; der Knoten der Gastgeber muss ihn dir noch geben.
event-mine-unranked = Du hast zugesagt. Noch hat es kein Knoten der Gastgeber gesehen, und kein Platz ist frei.
event-mine-released = Du hattest zugesagt, und dein Platz wurde freigegeben. Antworte noch einmal, wenn du kommen willst.
event-mine-maybe = Du hast „vielleicht“ gesagt: Für dich ist kein Platz reserviert.
event-mine-no = Du hast abgesagt.
event-written = Deine Antwort ist geschrieben; noch hat sie niemand sonst.
event-sent = Deine Antwort ist bei anderen angekommen.
event-seen = Die Gastgeber haben deine Antwort gesehen.
event-stale = Zeit oder Ort haben sich nach deiner Antwort geändert. Antworte noch einmal.
event-confirm-ask = Sag, dass du noch kommst, sonst wird dein Platz frei:
event-confirm-ahead = Plätze sind hier zu bestätigen. Du kannst schon sagen, dass du kommst, falls du einen bekommst:
event-confirm = Ich komme
event-why = Warum?
event-with = Mit anderen oder mit einer Notiz
event-guests = Leute, die du mitbringst
event-sealed = Nur die Gastgeber können deine Antworten lesen.
event-note = Notiz für die Gastgeber
event-note-public = Eine Zeile, so öffentlich wie deine Antwort.
event-about = Worum es geht
event-people = Wer kommt
event-nobody = Noch hat niemand geantwortet. Mach den Anfang.
event-nobody-did = Niemand hatte geantwortet.
event-seated = Haben einen Platz ({ $count })
event-waiting = Warten ({ $count })
event-provisional = Zugesagt, ein Platz ist frei ({ $count })
event-unranked = Zugesagt, kein Platz ist frei ({ $count })
event-released = Vom Gastgeber freigegeben ({ $count })
event-maybes = Vielleicht ({ $count })
event-confirmed = bestätigt
event-more-people = und { $count } weitere
event-said-no = { $count ->
    [one] 1 Person hat abgesagt.
   *[other] { $count } Personen haben abgesagt.
 }
event-told = Nur für die Gastgeber
event-feedback = Sag den Gastgebern, wie es war
event-feedback-what = Was gut war und was nicht
event-feedback-sealed = Nur die Gastgeber können es lesen.
did-feedback = Die Gastgeber werden es lesen.
event-comments = Kommentare
event-older = { $count ->
    [one] 1 älteren Kommentar zeigen
   *[other] Ältere Kommentare zeigen ({ $count })
 }
event-no-comments = Noch hat niemand etwas gesagt.
event-comment = Etwas sagen
event-comment-send = Senden
event-comment-public = Alle bei diesem Treffen können es lesen.
event-comment-reply = Du antwortest { $who }.
event-reply = Antworten
event-reply-not = Niemandem antworten
event-announcement = Ankündigung
event-thanks = Danke
event-hidden-title = (der Titel ist verborgen)
event-hidden = Verborgen von { $who }: { $reason }
event-hidden-plain = Verborgen von { $who }.
event-facts = Eckdaten
event-where = Wo
event-map = Karte öffnen
event-address = Adresse
event-address-by = von { $who }, für alle mit Platz
event-online = Online
event-access = Zugang
event-cost = Kosten
event-policy = Plätze gehen
event-policy-members = zuerst an Mitglieder der Gruppe
event-policy-approval = von Hand: Gastgeber entscheiden
event-policy-lottery = per Los, wenn die Anmeldung schließt
event-opens = Antworten zählen ab
event-closes = Antworten zählen bis
event-confirm-by = Platz bestätigen bis
event-cancel-by = Eine Absage ist spät nach
event-days-before = { $count ->
    [one] 1 Tag vorher
   *[other] { $count } Tage vorher
 }
event-hours-before = { $count ->
    [one] 1 Stunde vorher
   *[other] { $count } Stunden vorher
 }
event-minutes-before = { $count ->
    [one] 1 Minute vorher
   *[other] { $count } Minuten vorher
 }
event-public = Alle dürfen davon lesen, auf den Seiten eines Pubs.
event-calendar = In den Kalender
event-share = Teilen
event-hosts = Gastgeber
event-dates = Weitere Termine
event-role-owner = Eigentümer
event-role-organizer = Organisation
event-role-host = Gastgeber
event-role-door = Tür
event-why-cancelled = Es ist endgültig abgesagt.
event-why-none = Es gibt keine Antwort.
event-why-took-back = Die letzte Antwort wurde zurückgenommen.
event-why-yes = { $count ->
    [one] Die letzte Antwort ist Ja.
   *[other] Die letzte Antwort ist Ja, für { $count } Personen.
 }
event-why-maybe = { $count ->
    [one] Die letzte Antwort ist Vielleicht.
   *[other] Die letzte Antwort ist Vielleicht, für { $count } Personen.
 }
event-why-no = { $count ->
    [one] Die letzte Antwort ist Nein.
   *[other] Die letzte Antwort ist Nein, für { $count } Personen.
 }
event-why-stale = Zeit oder Ort haben sich nach dieser Antwort geändert.
event-why-confirmed = Die Antwort ist bestätigt.
event-why-void-right = Eine Zeile von { $who } zählt nicht: ohne Recht, Plätze zu vergeben.
event-why-void-since = Eine Zeile von { $who } zählt nicht: Nach der Antwort, die sie nennt, wurde etwas anderes gesagt.
event-why-void-released = Eine Zeile von { $who } zählt nicht: Sie wurde freigegeben.
event-why-void-other = Eine Zeile von { $who } zählt nicht: Eine andere zählt.
event-why-void-closed = Eine Zeile von { $who } zählt nicht: Die Liste war geschlossen.
event-why-ranked = { $who } hat die Antwort auf Platz { $place } gesetzt, für { $count ->
    [one] 1 Person
   *[other] { $count } Personen
 }, mit { $before ->
    [0] niemandem
    [one] 1 Person
   *[other] { $before } Personen
 } davor.
event-why-share = { $who } hat { $count ->
    [one] 1 Platz
   *[other] { $count } Plätze
 } zu vergeben.
event-why-share-all = { $who } vergibt Plätze ohne Grenze.
event-why-fits = Die Zeile passt: ein Platz.
event-why-waits = Diese Zeile oder eine davor passt nicht: Sie wartet, auf Platz { $count } der ganzen Liste.
event-why-released = { $who } hat die Zeile freigegeben, und keine andere gilt.
event-why-lot = Noch niemand hat die Antwort eingereiht: Per Los steht sie auf Platz { $place } von { $of }, für { $count ->
    [one] 1 freien Platz
   *[other] { $count } freie Plätze
 }.
event-why-lot-all = Noch niemand hat die Antwort eingereiht: Per Los steht sie auf Platz { $place } von { $of }, für Plätze ohne Grenze.
event-why-attended = War da, wie { $who } gegengezeichnet hat.
event-why-here = Sagt, da zu sein, und keine Tür hat es gesehen.
event-organize = Was du als Gastgeber tun kannst
event-change = Ändern
event-seats = Plätze
event-door = Tür
