# Ein Pub, wie ihn sieht, wer ihn betreibt.
pub-title = Dein Pub
pub-stands = Wie er steht
pub-no-address = Noch weiß niemand, wo er zu erreichen ist, darum gibt es keine Einladungen: Starte ihn mit „klatch pub up --public HOST:PORT“.
pub-disk = { $held } von { $most } sind belegt, in { $count ->
    [one] 1 Log
   *[other] { $count } Logs
 }.
pub-members-of = { $count ->
    [one] 1 Mitglied
   *[other] { $count } Mitglieder
 } von höchstens { $most }.
pub-invites-open = { $count ->
    [0] Keine Einladung ist offen.
    [one] 1 Einladung ist offen.
   *[other] { $count } Einladungen sind offen.
 }
pub-connections = { $count ->
    [0] Niemand ist verbunden.
    [one] 1 Rechner ist verbunden.
   *[other] { $count } Rechner sind verbunden.
 }
pub-refused = Nicht weiter aufgehoben
pub-limits = Adresse und Grenzen werden beim Start gesagt: „klatch pub up --help“.
pub-invite = Leute einladen
pub-uses = Wie viele Leute
pub-days = Für wie viele Tage
pub-invite-go = Einladung machen
pub-fresh = Eine neue Einladung
pub-fresh-once = Sie wird nur jetzt gezeigt. Wer sie hat, kann hinein: Gib sie sonst niemandem.
pub-invite-made = Sie lässt { $count ->
    [one] 1 Person
   *[other] { $count } Personen
 } hinein, bis { $time }. Einfügen kann man sie unter „Leute“.
pub-members = Mitglieder
pub-nobody = Noch ist niemand drin. Mach eine Einladung und gib sie weiter.
pub-member-held = { $held } von { $most }, seit { $time }
pub-remove-means = Von denen, die entfernt sind, wird nichts mehr aufgehoben; was keine Gruppe von anderen braucht, wird gelöscht.
pub-again = Jemanden wieder zulassen, der entfernt wurde
pub-again-who = Die Kennung
pub-again-go = Wieder zulassen
pub-pages = Auf den öffentlichen Seiten
pub-pages-means = Alle können das lesen, soweit die Gastgeber es öffentlich gemacht haben. Gäste werden nie gezeigt.
pub-pages-none = Noch nichts.
pub-not-public = nicht öffentlich: nicht gezeigt
pub-unlist = Wegnehmen
pub-object = Eine Gruppe oder ein Treffen: Name, Titel oder Kennung
pub-list = Hinstellen
did-pub-remove = Sie sind draußen, und ihr Log ist gelöscht.
did-pub-remove-kept = Sie sind draußen. Was Gruppen von anderen aus ihrem Log brauchen, bleibt.
did-pub-again = Sie dürfen wieder beitreten.
did-pub-list = Es steht dort.
did-pub-unlist = Es ist weggenommen.
