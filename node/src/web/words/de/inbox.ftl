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
inbox-changed = Geändert, seit du geantwortet hast: jetzt { $time }
inbox-moved = Geändert, seit du geantwortet hast: jetzt { $time }, { $place }
inbox-cancelled = Abgesagt
inbox-confirm-by = Bestätige bis { $time }, dass du kommst, sonst wird der Platz frei
inbox-soon = Beginnt bald
inbox-reply = { $who } hat dir geantwortet
inbox-announced = { $who } kündigt an
inbox-answer-again = Noch einmal antworten
inbox-confirm = Bestätigen
inbox-answer-them = Antworten
