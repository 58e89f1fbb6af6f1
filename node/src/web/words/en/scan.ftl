# QR codes read with a camera.
scan-camera = Scan with the camera
scan-stop = Stop the camera
scan-looking = Hold the code before the camera.
scan-refused = The camera cannot be used: there is none, or your browser does not allow it. A picture of the code does as well.
scan-picture = Take a picture of the code
scan-file = A picture of the code
scan-most = A JPEG or PNG of at most 16 MiB and 25 million pixels.
scan-cut = That picture cannot be read: only a part of the file came. Take it again, or wait until your camera has written it whole.
scan-read = Read the picture
scan-nothing = There is no QR code to be seen in that picture. Go closer, and have the whole code in it.
scan-other = That QR code is not the one that is asked for here.
scan-kind = That picture cannot be read. Take one as JPEG or PNG.
scan-pixels = That picture is too large: at most 25 million pixels are read.
did-read = The code was read.
