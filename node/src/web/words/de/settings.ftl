# Einstellungen.
settings-profile = Du
settings-name = Wie du heißt
settings-about = Über dich
settings-links = Wo man dich sonst findet
settings-links-what = Ein Link je Zeile, bis zu 5. Sie beginnen mit https:// oder http://.
settings-seen = Alle, die dein Log haben, sehen es. Platz ist für einen Namen von etwa 60 Zeichen und für 2.000 über dich; Umlaute und Emoji brauchen mehr.
settings-save = Speichern
settings-as-others = So sehen dich andere
settings-look = Aussehen
settings-language = Sprache
settings-scheme = Hell oder dunkel
settings-auto = Wie das System
settings-light = Hell
settings-dark = Dunkel
settings-backup = Kopien
settings-backup-what = Eine Sicherung enthält deinen Schlüssel und alle Logs, die hier sind. Wer sie hat, kann für dich sprechen: Bewahr sie auf, wo niemand sonst liest.
settings-backup-go = Sicherung herunterladen
settings-restore = Zurückspielen
settings-restore-what = Auf einem Rechner, auf dem du noch kein Zuhause hast: Starte Klatch und sag, dass du eine Sicherung hast. Mit einem Befehl:
settings-restore-once = Benutze nie das alte und das zurückgespielte Zuhause zugleich: Das Log würde sich gabeln.
settings-export = Etwas mitnehmen
settings-ics = Was du veranstaltest oder beantwortet hast, für den Kalender
settings-feed = { $count ->
    [one] Dein Log, 1 Eintrag, wie unterschrieben
   *[other] Dein Log, { $count } Einträge, wie unterschrieben
 }
settings-blocked = Wen du blockierst
settings-nobody-blocked = Niemanden.
settings-pubs = Pubs
settings-pubs-what = Ein Pub bewahrt dein Log und die deiner Gruppen auf und gibt sie weiter, während du aus bist.
settings-invite = Eine Einladung vom Betreiber
settings-join = Beitreten

did-profile = Gespeichert.

settings-key = Ein neuer Schlüssel
settings-key-when = Hat vielleicht jemand anderes deinen Schlüssel, hat sich dein Log gegabelt, oder kann niemand sagen, wie weit es ging? Mit deinen 24 Wörtern machst du unter einem neuen Schlüssel weiter.
settings-key-how = Dabei darf nichts in dein Zuhause schreiben, darum geht es mit einem Befehl: Beende Klatch, tippe das hier und starte es wieder.
settings-key-kept = Du behältst Gruppen, Rollen und Plätze, und wer dir folgt, folgt von selbst dem neuen Schlüssel. Dieselben Wörter gelten auch für ihn.
settings-key-stands = Wie dein Log steht
