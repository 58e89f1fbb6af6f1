# QR-Codes, mit der Kamera gelesen.
scan-camera = Mit der Kamera scannen
scan-stop = Kamera anhalten
scan-looking = Halte den Code vor die Kamera.
scan-refused = Die Kamera lässt sich nicht benutzen: Es gibt keine, oder dein Browser erlaubt es nicht. Ein Bild vom Code tut es auch.
scan-picture = Ein Bild vom Code machen
scan-file = Ein Bild vom Code
scan-most = Ein JPEG oder PNG von höchstens 16 MiB und 25 Millionen Pixeln.
scan-cut = Dieses Bild ist nicht lesbar: Nur ein Teil der Datei kam an. Nimm es noch einmal auf, oder warte, bis deine Kamera es ganz geschrieben hat.
scan-read = Bild lesen
scan-nothing = In diesem Bild ist kein QR-Code zu sehen. Geh näher heran und nimm den ganzen Code auf.
scan-other = Dieser QR-Code ist nicht der, der hier gefragt ist.
scan-kind = Dieses Bild lässt sich nicht lesen. Nimm ein JPEG oder PNG.
scan-pixels = Dieses Bild ist zu groß: Höchstens 25 Millionen Pixel werden gelesen.
did-read = Der Code ist gelesen.
