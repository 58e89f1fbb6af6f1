# What was said, and what can be done about it.
talk-act = Take back or hide
talk-title = Something that was said
talk-back = Leave it as it is
talk-delete = Take it back
talk-delete-means = Its text goes from every node that hears of it. That it was said stays.
talk-delete-go = Take it back
talk-hide = Hide it for everybody
talk-hide-means = Pages show it no longer: in its place stands that you hid it, and why. Hosts can show it again.
talk-hide-go = Hide it
talk-show = Show it again
talk-show-means = It was hidden. Everybody can read it again then.
talk-show-go = Show it again
did-hide = It is hidden.
did-show = It is shown again.
did-delete = Taken back.

attendance-title = How { $who } went
attendance-head = Attendance
attendance-over = { $confirmed } confirmed, { $walked } walked in, { $excused } excused, { $away } stayed away.
attendance-not-over = { $confirmed } confirmed, { $walked } walked in, { $excused } excused. It is not over: nobody has stayed away yet.
attendance-asked = Asked
attendance-seat = Seats
attendance-came = Came
attendance-persons = Persons
attendance-notes = Notes
attendance-events = { $count ->
    [one] 1 event of the group is over.
   *[other] { $count } events of the group are over.
 }
attendance-own = You see yourself alone: hosts see everybody.
attendance-none = Nobody has come to an event yet
attendance-count = Events
attendance-here = says that they were there
attendance-excused = excused
attendance-away = stayed away
attendance-none-next = Once an event is over, here stands who came and who stayed away.
