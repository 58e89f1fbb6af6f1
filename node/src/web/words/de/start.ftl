# Der erste Start.
start-title = Willkommen bei Klatch
start-lead = Triff Leute, ohne dass eine Firma dazwischen steht. Was du schreibst, bleibt auf diesem Rechner und bei denen, die du triffst.
start-name = Wie heißt du?
start-name-seen = Andere sehen es. Du kannst es später ändern.
start-name-wrong = Ein Name ist eine Zeile von 1 bis 60 Byte, ohne Leerzeichen am Rand.
start-go = Weiter
start-was-here = Ich war schon einmal hier und habe meine Wörter
start-words-title = Schreib diese Wörter auf
start-words-lead = Diese 24 Wörter bist du. Schreib sie in dieser Reihenfolge auf Papier. Sie werden nur jetzt gezeigt.
start-words-why = Wer sie hat, kann für dich sprechen. Ohne sie ist ein verlorener Rechner eine verlorene Identität. Niemand kann sie dir noch einmal schicken.
start-words-check = Lies ein paar davon ab
start-word = Wort { $count }
start-words-wrong = So steht es oben nicht. Vergleich es mit deinem Papier.
start-words-done = Ich habe sie aufgeschrieben
start-again = Andere Wörter ziehen und von vorn beginnen
start-back-title = Ich war schon einmal hier
start-back-lead = Mit deinen 24 Wörtern wird das hier wieder dein Zuhause. Dein Log kommt von denen, die es haben, und nichts von dir wird veröffentlicht, bevor es vollständig ist.
start-back-words = Deine Wörter, der Reihe nach
start-back-kept = Sie werden hier einmal benutzt und nirgends aufgehoben.
start-back-go = Zurückkommen
start-new = Ich bin neu hier
start-back-one = Benutze nie zwei Rechner mit denselben Wörtern: Das Log würde sich gabeln, und nichts danach würde zählen.
start-back-count = { $count ->
    [one] Das ist 1 Wort, und es sind 24.
   *[other] Das sind { $count } Wörter, und es sind 24.
 }
start-back-wrong = Diese Wörter gehören nicht zusammen: Eines ist vertippt oder steht an anderer Stelle.
start-back-not = Daraus ließ sich kein Zuhause machen.
start-restore-was-here = Ich war schon einmal hier und habe eine Sicherung
start-restore-title = Aus einer Sicherung
start-restore-lead = Was „klatch backup“ geschrieben hat oder aus den Einstellungen kam, wird wieder dein Zuhause. Vielleicht hast du seither mehr geschrieben: Darum werden erst andere gefragt, und nichts von dir wird veröffentlicht, bevor es vollständig ist.
start-restore-file = Die Datei
start-restore-go = Wiederherstellen
start-restore-large = Sie liegt auf dem Rechner, auf dem Klatch läuft
start-restore-path = Ihr ganzer Pfad
start-restore-one = Benutze nie das alte und das wiederhergestellte Zuhause nebeneinander: Das Log würde sich gabeln, und nichts danach würde zählen.
start-restore-root = Schreib den ganzen Pfad, von der Wurzel an: /home/ana/klatch.backup
start-restore-none = Wähle eine Datei, die nicht leer ist.
start-restore-cut = Die Datei kam nicht vollständig an. Schick sie noch einmal oder schreib, wo sie liegt.
start-restore-long = Die Datei ist zu lang, um sie zu schicken: Schreib, wo sie liegt.
start-restore-disk = Die Datei ließ sich nicht ablegen: Ist die Platte voll?
start-restore-not-whole = Das ist keine vollständige Sicherung: Nimm eine andere.
start-restore-newer = Diese Sicherung ist von einem neueren Klatch: Nur damit lässt sie sich wiederherstellen.
start-restore-unread = Die Datei lässt sich nicht lesen.
start-restore-not = Daraus ließ sich kein Zuhause machen.
did-restore = Dein Zuhause ist zurück.
