# What concerns me.
inbox-empty = Nothing needs you
inbox-empty-next = A seat, a change, a deadline, or an answer to what you said will stand here.
inbox-home = See what is on
inbox-seated = { $count ->
    [one] You have a seat
   *[other] You have { $count } seats
 }
inbox-waiting = You are at place { $count } of the waiting list
inbox-released = A host gave your seat up
inbox-taken-off = A host took you off the list
inbox-changed = Changed since you answered: now { $time }
inbox-moved = Changed since you answered: now { $time }, { $place }
inbox-cancelled = Cancelled
inbox-confirm-by = Confirm by { $time } that you come, or the seat is given up
inbox-soon = Begins soon
inbox-reply = { $who } answered you
inbox-announced = { $who } announces
inbox-asking = { $count ->
    [one] { $who } asks to join
   *[other] { $count } people ask to join: { $who }
 }
inbox-to-seat = { $count ->
    [one] { $who } waits for you to give a seat
   *[other] { $count } people wait for you to give a seat: { $who }
 }
inbox-silent = It is stated here that you are silent, and that { $who } is to go on for you. Say that you are here.
inbox-succeeded = You are taken for silent here, and { $who } goes on for you, until you say that you are here.
inbox-asks = You ask to join
inbox-joined = You were let in
inbox-removed = You were removed: what you do here counts no more
inbox-owner = You are an owner now
inbox-organizer = You are an organizer now
inbox-host = You are a host now
inbox-door = You keep the door now
inbox-scheduled = New in { $who }
inbox-settled = The poll that you voted in is settled in { $who }
inbox-asked = { $who } asks for a date
inbox-answer = Answer
inbox-vote = Vote
inbox-let-in = See who asks
inbox-give-seats = Give seats
inbox-answer-again = Answer again
inbox-confirm = Confirm
inbox-answer-them = Answer
