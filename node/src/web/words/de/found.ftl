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
