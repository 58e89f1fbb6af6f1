# Was mich angeht.
inbox-empty = Niemand wartet auf dich
inbox-empty-next = Ein Platz, eine Änderung, eine Frist oder eine Antwort auf etwas, das du gesagt hast, steht dann hier.
inbox-home = Sehen, was los ist
inbox-seated = { $count ->
    [one] Du hast einen Platz
   *[other] Du hast { $count } Plätze
 }
inbox-waiting = Du stehst auf Platz { $count } der Warteliste
inbox-released = Dein Platz wurde freigegeben
inbox-taken-off = Du wurdest von der Liste genommen
inbox-changed = Geändert, seit du geantwortet hast: jetzt { $time }
inbox-moved = Geändert, seit du geantwortet hast: jetzt { $time }, { $place }
inbox-cancelled = Abgesagt
inbox-confirm-by = Bestätige bis { $time }, dass du kommst, sonst wird der Platz frei
inbox-soon = Beginnt bald
inbox-reply = { $who } hat dir geantwortet
inbox-announced = { $who } kündigt an
inbox-asking = { $count ->
    [one] { $who } möchte beitreten
   *[other] { $count } Personen möchten beitreten: { $who }
 }
inbox-to-seat = { $count ->
    [one] { $who } wartet darauf, dass du einen Platz vergibst
   *[other] { $count } Personen warten darauf, dass du Plätze vergibst: { $who }
 }
inbox-silent = Hier heißt es, dass du verstummt bist und { $who } für dich weitermachen soll. Sag, dass du da bist.
inbox-succeeded = Du giltst hier als verstummt, und { $who } macht für dich weiter, bis du sagst, dass du da bist.
inbox-asks = Du hast gefragt, ob du beitreten kannst
inbox-joined = Du wurdest aufgenommen
inbox-removed = Du wurdest entfernt: Was du hier tust, zählt nicht mehr
inbox-owner = Du bist hier jetzt Eigentümer
inbox-organizer = Du bist hier jetzt Organisator
inbox-host = Du bist hier jetzt Gastgeber
inbox-door = Du machst hier jetzt die Tür
inbox-scheduled = Neu in { $who }
inbox-settled = Die Umfrage, bei der du abgestimmt hast, ist entschieden: { $who }
inbox-asked = { $who } fragt nach einem Termin
inbox-answer = Antworten
inbox-vote = Abstimmen
inbox-let-in = Sehen, wer fragt
inbox-give-seats = Plätze vergeben
inbox-answer-again = Noch einmal antworten
inbox-confirm = Bestätigen
inbox-answer-them = Antworten
