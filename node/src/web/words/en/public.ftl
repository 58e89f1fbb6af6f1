# The pages of a pub, for everybody.
public-brief = What is on, as the pub { $who } shows it
public-group-brief = What the group { $who } does next, and how to come
public-foot = Shown to everybody by the pub { $who }. Guests are not shown. If something should not be here, talk to its hosts.
public-empty = Come back soon, or look into the groups: each has a calendar and a feed that you can keep.
public-nothing = It may have been taken off, or the address is mistyped.
public-members = { $count ->
    [one] 1 member
   *[other] { $count } members
 }
public-past = What was
public-what = How to come
public-what-more = Open what you like: its page says how to come. You can read all of this without a program and without an account.
public-keep = Keep up
public-keep-more = Calendars and readers look here by themselves:
public-ics = Calendar
public-atom = Feed
public-how = How to come
public-how-klatch = Who comes says so with Klatch: a program on your own machine, without an account and without a company in between.
public-how-install = Install Klatch and start it:
public-how-line = Open this line on its page, or with “klatch open” and the line in quotes:
public-how-scan = Show it as a picture to scan
public-how-picture = The same line as a QR code
public-how-answer = Say yes. You see there whether you have a seat.
public-how-invite = Klatch is new to you and nobody is ever online when you are? Ask a host for an invite to { $who }, and give it to
