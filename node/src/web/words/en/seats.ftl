# Who has a seat, and the guest list.
seats-title = Seats of { $who }
seats-head = Seats
seats-print = Guest list
seats-table = Table (CSV)
seats-nobody = Nobody has answered yet
seats-nobody-next = Share the event, and answers will stand here as they come.
seats-place = Place
seats-by = by { $who }
seats-stale = answered for another time or place
seats-admit = Admit
seats-admit-all = { $count ->
    [one] Admit the one who waits
   *[other] Admit all { $count } who wait
 }
seats-release = Free the seat
seats-take-off = Take off the list
seats-many = How many seats
seats-share = { $count ->
    [one] 1 seat to give
   *[other] { $count } seats to give
 }
seats-closed = list closed
seats-cut = role taken
seats-revoke = Take the role
seats-grant = Give a role
seats-grant-go = Give it
seats-whom = To whom
seats-choose = Choose somebody
seats-role = Role
seats-quota = Seats to hand over
seats-close = Close my list
seats-close-means = You rank nobody more after that, and your node neither. This is final.
seats-close-go = Close it
seats-guests = Guest list
seats-guests-title = Guest list of { $who }
seats-how-to-print = your browser prints it as a list to tick off
seats-here = Here
seats-name = Name
seats-persons = Persons
seats-stands = Seat
seats-note = Note
seats-has = has a seat
seats-waits = waits at place { $count }
seats-walked-in = walked in
did-admit = Admitted.
did-release = Released: the next who waits moves up.
did-close = Your list is closed.
did-capacity = The number of seats is changed.
did-grant = The role is given.
did-revoke = The role is taken.
