# One event.
event-cancelled = Cancelled
event-past = Over
event-all-dates = All dates of this series
event-incomplete = Some texts are not here yet: this may change.
event-coming = Are you coming?
event-yes = Yes
event-maybe = Maybe
event-no = No
event-mine-seated = { $count ->
    [one] You have a seat.
   *[other] You have seats for { $count } persons.
 }
event-mine-waiting = All seats are taken: you wait, at place { $count } of the list.
event-mine-provisional = You said yes. A seat is free, and a host’s node has yet to give it to you.
event-mine-unranked = You said yes. No host’s node has seen it, and no seat is free.
event-mine-released = You said yes, and a host gave the seat up. Answer again if you still want to come.
event-mine-maybe = You said maybe: no seat is kept for you.
event-mine-no = You said no.
event-written = Your answer is written, and nobody else has it yet.
event-sent = Your answer is out with others.
event-seen = A host has seen your answer.
event-stale = Time or place changed after you answered. Answer again.
event-confirm-ask = Say that you still come, or your seat is given up:
event-confirm-ahead = Seats are to be confirmed here. You can say already that you come if you get one:
event-confirm = I am coming
event-why = Why?
event-with = With others, or with a note
event-guests = People you bring
event-sealed = Only the hosts can read your answers.
event-note = Note for the hosts
event-note-public = One line, as public as your answer.
event-about = What it is
event-people = Who comes
event-nobody = Nobody has answered yet. Be the first.
event-nobody-did = Nobody had answered.
event-seated = Have a seat ({ $count })
event-waiting = Wait ({ $count })
event-provisional = Said yes, a seat is free ({ $count })
event-unranked = Said yes, no seat is free ({ $count })
event-released = Given up by a host ({ $count })
event-maybes = Said maybe ({ $count })
event-confirmed = confirmed
event-more-people = and { $count } more
event-said-no = { $count ->
    [one] 1 person said no.
   *[other] { $count } persons said no.
 }
event-told = For the hosts alone
event-feedback = Tell the hosts how it was
event-feedback-what = What was good, and what was not
event-feedback-sealed = Only the hosts can read it.
did-feedback = The hosts will hear of it.
event-comments = Comments
event-older = { $count ->
    [one] Show 1 older comment
   *[other] Show older comments ({ $count })
 }
event-no-comments = Nobody has said anything yet.
event-comment = Say something
event-comment-send = Send
event-comment-public = Everybody at this event can read it.
event-comment-reply = You answer { $who }.
event-reply = Answer
event-reply-not = Answer nobody
event-announcement = Announcement
event-thanks = Thanks
event-hidden-title = (its title is hidden)
event-hidden = Hidden by { $who }: { $reason }
event-hidden-plain = Hidden by { $who }.
event-facts = Facts
event-where = Where
event-map = Open a map
event-address = Address
event-address-by = from { $who }, for those who have a seat
event-online = Online
event-access = Access
event-cost = Cost
event-policy = Seats are given
event-policy-members = to members of the group first
event-policy-approval = by hand: a host decides
event-policy-lottery = by lot, when answers close
event-opens = Answers count from
event-closes = Answers count until
event-confirm-by = Confirm your seat by
event-cancel-by = A no comes late after
event-days-before = { $count ->
    [one] 1 day before
   *[other] { $count } days before
 }
event-hours-before = { $count ->
    [one] 1 hour before
   *[other] { $count } hours before
 }
event-minutes-before = { $count ->
    [one] 1 minute before
   *[other] { $count } minutes before
 }
event-public = Everybody may read of it, on the pages of a pub.
event-calendar = Add to calendar
event-share = Share
event-hosts = Hosts
event-dates = More dates
event-role-owner = owner
event-role-organizer = organizer
event-role-host = host
event-role-door = door
event-why-cancelled = It is called off, for good.
event-why-none = There is no answer.
event-why-took-back = The last answer was taken back.
event-why-yes = { $count ->
    [one] The last answer is yes.
   *[other] The last answer is yes, for { $count } persons.
 }
event-why-maybe = { $count ->
    [one] The last answer is maybe.
   *[other] The last answer is maybe, for { $count } persons.
 }
event-why-no = { $count ->
    [one] The last answer is no.
   *[other] The last answer is no, for { $count } persons.
 }
event-why-stale = Time or place changed after that answer.
event-why-confirmed = The answer is confirmed.
event-why-void-right = A line of { $who } does not count: they had no right to give seats.
event-why-void-since = A line of { $who } does not count: something else was said after the answer that it names.
event-why-void-released = A line of { $who } does not count: it was given up.
event-why-void-other = A line of { $who } does not count: another line of theirs does.
event-why-void-closed = A line of { $who } does not count: they had closed their list.
event-why-ranked = { $who } ranked the answer at place { $place }, for { $count ->
    [one] 1 person
   *[other] { $count } persons
 }, with { $before ->
    [0] nobody
    [one] 1 person
   *[other] { $before } persons
 } before.
event-why-share = { $who } has { $count ->
    [one] 1 seat
   *[other] { $count } seats
 } to give.
event-why-share-all = { $who } gives seats without a limit.
event-why-fits = The line fits: a seat.
event-why-waits = That line, or one before it, does not fit: so it waits, at place { $count } of the whole list.
event-why-released = { $who } gave the line up, and no other stands.
event-why-lot = No host has ranked the answer: by lot it is at place { $place } of { $of }, for { $count ->
    [one] 1 free seat
   *[other] { $count } free seats
 }.
event-why-lot-all = No host has ranked the answer: by lot it is at place { $place } of { $of }, for seats without a limit.
event-why-attended = Came, as { $who } countersigned.
event-why-here = Says that they are there, and no door has seen them.
event-organize = What you can do as a host
event-change = Change
event-seats = Seats
event-door = Door
