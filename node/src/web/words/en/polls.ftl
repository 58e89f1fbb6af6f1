# When an event should be: dates that a group is asked for.
polls-asks = asks
polls-votes = { $count ->
    [one] 1 vote
   *[other] { $count } votes
 }
polls-settled = The date is fixed.
polls-event = To the event
polls-when = When could you come?
polls-can = { $count ->
    [0] nobody can
    [one] 1 can
   *[other] { $count } can
 }
polls-best = most so far
polls-last = Your last vote counts. Nothing ticked means that you can come on none of these.
polls-vote = Vote
polls-settle = Make it an event
polls-date = The date
polls-choose = Choose a date
polls-more-later = All else can be added once it is scheduled, under “Change”.
polls-barred = You asked, but only organizers schedule in this group: any of them can make an event of it here.
polls-ask = Ask for a date
polls-ask-lead = Everybody in the group says when they could come; then you or an organizer make it an event.
polls-ask-go = Ask the group
polls-dates = Dates on offer, 2 to 12
polls-date-number = Date { $count }
polls-more-dates = More dates

did-vote = Your vote counts.
did-ask = Asked.
did-settle = The date is fixed, and the event scheduled.
