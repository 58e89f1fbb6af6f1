# Eine neue Gruppe, und die Leute einer Gruppe.
found-title = Neue Gruppe
found-lead = Eine Gruppe ist ein Kreis von Leuten und was sie zusammen tun. Sie gehört dir.
found-name = Wie heißt sie?
found-schedulers = Wer darf in ihr Treffen ansetzen?
found-organizers = Organisatoren, die du bestimmst
found-members = Alle Mitglieder
found-joining = Wie wird man Mitglied?
found-open = Wer will, tritt bei
found-approval = Man fragt, und ein Organisator sagt ja
found-invite = Nur auf Einladung
found-public = Alle dürfen davon lesen, auf den Seiten eines Pubs
found-public-means = Zu sehen sind ihr Name und wie viele dabei sind, nie wer. Jedes Treffen sagt für sich, ob es öffentlich ist.
found-owners = Wem gehört sie mit dir?
found-owners-why = Wem sie gehört, der kann alles und macht weiter, wenn du nicht kannst.
found-go = Gründen
did-found = Die Gruppe ist da. Teile sie, damit andere beitreten.

members-title = Leute von { $who }
members-head = Leute
members-member = Mitglied
members-asking = { $count ->
    [one] 1 Person möchte beitreten
   *[other] { $count } Personen möchten beitreten
 }
members-in = { $count ->
    [one] 1 Mitglied
   *[other] { $count } Mitglieder
 }
members-out = Ausgeschlossen ({ $count })
members-accept = Aufnehmen
members-refuse = Ablehnen
members-remove = Ausschließen
members-again = Wieder aufnehmen
members-nobody = Du folgst noch niemandem, dem du eine Rolle geben könntest.
members-roles = Organisatoren setzen Treffen an und nehmen Leute auf; Gastgeber vergeben Plätze; die Tür lässt ein.
did-member = Jetzt Mitglied.
did-remove = Ausgeschlossen.

found-silence-means = Wie viele andere müssen sagen, dass jemand, dem die Gruppe gehört, verstummt ist, und wer weitermacht? Bleibt es leer, kann es niemand.
found-silence-owners = Andere, denen sie gehört
found-silence-members = Mitglieder, auch solche, denen sie gehört

silence-title = Verstummte Eigentümer von { $who }
silence-head = Wenn ein Eigentümer verstummt
silence-lead = Jemand, dem die Gruppe gehört, verliert vielleicht den Schlüssel oder geht für immer. Andere können das gemeinsam sagen und jemanden nennen, der weitermacht.
silence-rule-none = Diese Gruppe wurde ohne das gegründet: Hier kann es niemand sagen.
silence-rule-owners = { $owners ->
    [one] Es genügt, dass ein anderer Eigentümer jemanden nennt.
   *[other] Es braucht { $owners } andere Eigentümer, die dieselbe Person nennen.
 }
silence-rule-members = Es braucht { $members } Mitglieder, die dieselbe Person nennen.
silence-rule-both = { $owners ->
    [one] Es braucht einen anderen Eigentümer, oder { $members } Mitglieder, die dieselbe Person nennen.
   *[other] Es braucht { $owners } andere Eigentümer oder { $members } Mitglieder, die dieselbe Person nennen.
 }
silence-of-me = Andere sagen, dass du verstummt bist
silence-of-me-what = Ein Wort von dir beendet das, und wer für dich weitermacht, ist dadurch kein Eigentümer mehr.
silence-present = Ich bin da
silence-stated = Was bisher gesagt ist
silence-nobody = Niemand sagt, dass ein Eigentümer verstummt ist.
silence-goes-on = Weitermachen soll:
silence-said = Gesagt von { $members ->
    [one] 1 Mitglied
   *[other] { $members } Mitgliedern
 }, darunter { $owners } { $owners ->
    [one] Eigentümer
   *[other] Eigentümer
 }.
silence-reached = verstummt
silence-not-reached = noch zu wenige sagen es
silence-state = Sagen, dass ein Eigentümer verstummt ist
silence-owner = Wer?
silence-heir = Wer soll weitermachen?
silence-state-means = Alle sehen, dass du es sagst. Kommt die Person zurück, beendet ein Wort von ihr es.
silence-state-go = So sagen
did-silent = Gesagt. Es zählt, sobald genug andere dasselbe sagen.
did-present = Gesagt: Du bist da.

endorse-link = Was nicht mehr zählt
endorse-title = Was { $who } geschrieben hat
endorse-lead = Die Rolle wurde genommen, oder sie wurden ausgeschlossen: Was danach hier geschrieben wurde, zählt nicht. Wähle, was trotzdem zählen soll.
endorse-which = Neuestes zuerst
endorse-none = Wähle mindestens eines davon.
endorse-nothing = Danach wurde hier nichts geschrieben
endorse-go = Diese zählen lassen
did-endorse = Was du gewählt hast, zählt.
