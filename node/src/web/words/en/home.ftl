# What is on.
home-title = What is on
home-search = Search title or tag
home-find = Search
home-schedule = New event
home-mine = For you
home-others = Also coming up
home-on = Coming up
home-someday = On a day not known here
home-more = More
home-more-mine = More that are for you
home-cut = There is more than was looked through: search by a word that fewer have.
home-none-found = Nothing found for { $who }
home-all = Show all that is on
home-none-coming = Nothing is coming up
home-empty = Nothing here yet
home-empty-next = Follow people or open what somebody shared with you: what they host then shows up here. Or host something yourself.
home-find-people = Find people
home-seats = { $count } of { $capacity ->
    [one] 1 seat
   *[other] { $capacity } seats
 }
home-seats-over = { $count } have a seat, more than the { $capacity } that there are now
home-coming = { $count ->
    [0] nobody yet
    [one] 1 coming
   *[other] { $count } coming
 }
home-waiting = { $count } waiting
home-seated = You have a seat
home-place = You wait, place { $count }
home-asked = You said yes
home-released = Your seat was given up
home-maybe = You said maybe
home-no = You said no
