# Groups.
groups-mine = Yours
groups-others = Others that are known here
groups-empty = No group is known here yet
groups-empty-next = Groups come with the people in them: follow somebody, or open a line that leads to one.
groups-members = { $count ->
    [one] 1 member
   *[other] { $count } members
 }
groups-events = { $count ->
    [one] 1 event
   *[other] { $count } events
 }
groups-join = Join
groups-leave = Leave
groups-asking = You asked to be let in
groups-ask-no-more = Ask no more
groups-coming = Coming up
groups-no-events = Nothing is coming up.
groups-first = Back to the first
groups-cut = There is more than is looked through here: search for it on the first page.
groups-polls = Polls
groups-lead = Who leads it
groups-open = Everybody may join.
groups-approval = Who joins waits to be accepted.
groups-public = Everybody may read of it, on the pages of a pub.
groups-make-public = Make it public
groups-make-private = Make it public no longer
groups-invite = Only who was invited should ask.

did-group-join = You joined.
did-group-public = The group is public now: ask a pub’s operator to list it.
did-group-private = The group is public no longer.
did-group-leave = You left.
