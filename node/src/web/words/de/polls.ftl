# Wann ein Treffen sein soll: Termine, nach denen eine Gruppe gefragt wird.
polls-asks = fragt
polls-votes = { $count ->
    [one] 1 Stimme
   *[other] { $count } Stimmen
 }
polls-settled = Der Termin steht fest.
polls-event = Zum Treffen
polls-when = Wann könntest du kommen?
polls-can = { $count ->
    [0] niemand kann
    [one] 1 kann
   *[other] { $count } können
 }
polls-best = bisher am meisten
polls-last = Deine letzte Stimme zählt. Nichts angekreuzt heißt, dass du an keinem kommen kannst.
polls-vote = Abstimmen
polls-settle = Ein Treffen daraus machen
polls-date = Der Termin
polls-choose = Wähle einen Termin
polls-more-later = Alles Weitere lässt sich danach unter „Ändern“ ergänzen.
polls-barred = Du hast gefragt, aber in dieser Gruppe setzen nur Organisatoren Treffen an: Jede Person von ihnen kann hier eines daraus machen.
polls-ask = Nach einem Termin fragen
polls-ask-lead = Alle in der Gruppe sagen, wann sie könnten; dann machst du ein Treffen daraus, oder eine Person, die organisiert.
polls-ask-go = Die Gruppe fragen
polls-dates = Termine zur Wahl, 2 bis 12
polls-date-number = Termin { $count }
polls-more-dates = Weitere Termine

did-vote = Deine Stimme zählt.
did-ask = Gefragt.
did-settle = Der Termin steht fest, und das Treffen ist angesetzt.
