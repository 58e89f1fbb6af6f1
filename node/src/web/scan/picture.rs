//! Pictures and the QR codes in them. The bytes are anybody's: what a picture claims of its size is looked at before
//! there is any room for it.

use std::io::Cursor;

use png::{ColorType, Transformations};
use rqrr::PreparedImage;
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Most pixels of a picture: as many as phones take.
pub const PIXELS_MAX: usize = 25_000_000;
/// To how many pixels the longer side is brought before codes are looked for; first the quick look, then the close one.
const SIDES: [usize; 2] = [1_000, 2_400];
/// Most scans of a progressive JPEG.
const SCANS_MAX: usize = 40;

/// Why nothing can be read from a picture.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PictureError {
    /// Neither a JPEG nor a PNG.
    #[error("this is neither a JPEG nor a PNG")]
    Kind,
    /// Damaged.
    #[error("the picture is damaged")]
    Broken,
    /// Cut off.
    #[error("the picture ends before its end: only a part of the file is here")]
    Cut,
    /// Too long a file.
    #[error("it is longer than {} MiB", super::PICTURE_BYTES_MAX >> 20)]
    Bytes,
    /// Too large.
    #[error("{width} x {height} are more than {PIXELS_MAX} pixels")]
    Pixels {
        /// As it claims.
        width: usize,
        /// As it claims.
        height: usize,
    },
}

/// A decoder that has read the head, and found the size to be one that there is room for; with width and height.
type Measured<D> = (D, usize, usize);

fn jpeg(picture: &[u8]) -> Result<Measured<JpegDecoder<ZCursor<&[u8]>>>, PictureError> {
    let options = DecoderOptions::new_safe()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(picture), options);
    decoder.decode_headers().map_err(|_| PictureError::Broken)?;
    let (width, height) = decoder.dimensions().ok_or(PictureError::Broken)?;
    fits(width, height)?;
    Ok((decoder, width, height))
}

fn png(picture: &[u8]) -> Result<Measured<png::Decoder<Cursor<&[u8]>>>, PictureError> {
    let mut decoder = png::Decoder::new(Cursor::new(picture));
    decoder.set_transformations(Transformations::normalize_to_color8());
    let head = decoder.read_header_info().map_err(|_| PictureError::Broken)?;
    let (width, height) = (head.width as usize, head.height as usize);
    fits(width, height)?;
    Ok((decoder, width, height))
}

/// The texts of all QR codes in a picture.
///
/// # Errors
///
/// [`PictureError`], where it is none or too large.
pub fn codes(picture: &[u8]) -> Result<Vec<String>, PictureError> {
    match found(picture) {
        // Readers make up what is missing, or call it damaged.
        Ok(codes) if codes.is_empty() && is_cut(picture) => Err(PictureError::Cut),
        Err(PictureError::Broken) if is_cut(picture) => Err(PictureError::Cut),
        found => found,
    }
}

/// Whether a picture lacks its end. What stands before the lines of a JPEG may hold another one, with an end of its own.
fn is_cut(picture: &[u8]) -> bool {
    let ends = |from: usize, end: &[u8]| {
        picture.get(from..).is_some_and(|rest| rest.windows(end.len()).any(|bytes| bytes == end))
    };
    if picture.starts_with(b"\x89PNG") {
        return !ends(0, b"IEND");
    }
    let mut at = 2;
    loop {
        match picture.get(at..at + 4) {
            Some([0xff, 0xda, ..]) => return !ends(at, &[0xff, 0xd9]),
            Some([0xff, 0xff, ..]) => at += 1,
            Some([0xff, _, high, low]) => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
            Some(_) => return false, // Damaged in another way.
            None => return true,
        }
    }
}

fn found(picture: &[u8]) -> Result<Vec<String>, PictureError> {
    let grey = Grey::of(picture)?;
    let mut looked_at = 0;
    for side in SIDES {
        let small = grey.within(side);
        if small.width == looked_at {
            break; // As large as the last time.
        }
        looked_at = small.width;
        let found = small.codes();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// A picture in shades of grey, 0 being black.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Grey {
    width: usize,
    height: usize,
    /// Row after row.
    pixels: Vec<u8>,
}

fn fits(width: usize, height: usize) -> Result<(), PictureError> {
    match width.checked_mul(height).is_some_and(|pixels| pixels <= PIXELS_MAX) {
        true => Ok(()),
        false => Err(PictureError::Pixels { width, height }),
    }
}

impl Grey {
    fn of(picture: &[u8]) -> Result<Self, PictureError> {
        match picture {
            [0xff, 0xd8, 0xff, ..] => Self::of_jpeg(picture),
            [0x89, b'P', b'N', b'G', ..] => Self::of_png(picture),
            _ => Err(PictureError::Kind),
        }
    }

    fn of_jpeg(picture: &[u8]) -> Result<Self, PictureError> {
        let (mut decoder, width, height) = jpeg(picture)?;
        let pixels = decoder.decode().map_err(|_| PictureError::Broken)?;
        match pixels.len() == width * height {
            true => Ok(Self { width, height, pixels }),
            false => Err(PictureError::Broken),
        }
    }

    fn of_png(picture: &[u8]) -> Result<Self, PictureError> {
        let (decoder, width, height) = png(picture)?;
        let broken = |_| PictureError::Broken;
        let mut reader = decoder.read_info().map_err(broken)?;
        let mut bytes = vec![0; reader.output_buffer_size().ok_or(PictureError::Broken)?];
        let frame = reader.next_frame(&mut bytes).map_err(broken)?;
        let one = |pixel: &[u8]| match *pixel {
            [grey] | [grey, _] => grey,
            [red, green, blue, ..] => luma(red, green, blue),
            [] => 0,
        };
        let samples = match frame.color_type {
            ColorType::Grayscale => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
            ColorType::Indexed => return Err(PictureError::Broken), // It was to be expanded.
        };
        let pixels: Vec<u8> = bytes.chunks_exact(samples).take(width * height).map(one).collect();
        match pixels.len() == width * height {
            true => Ok(Self { width, height, pixels }),
            false => Err(PictureError::Broken),
        }
    }

    /// The same with no side longer than `side`: of as many pixels as it takes the mean.
    fn within(&self, side: usize) -> Self {
        let by = self.width.max(self.height).div_ceil(side).max(1);
        let (width, height) = ((self.width / by).max(1), (self.height / by).max(1));
        let mean = |(x, y): (usize, usize)| {
            let rows = (y * by..(y + 1) * by).take_while(|y| *y < self.height);
            let (mut sum, mut count) = (0_usize, 0_usize);
            for row in rows {
                let from = row * self.width;
                let to = (x + 1) * by;
                for grey in &self.pixels[from + x * by..from + to.min(self.width)] {
                    sum += usize::from(*grey);
                    count += 1;
                }
            }
            sum.checked_div(count).and_then(|mean| u8::try_from(mean).ok()).unwrap_or_default()
        };
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        Self { width, height, pixels: if by == 1 { self.pixels.clone() } else { places.map(mean).collect() } }
    }

    fn codes(&self) -> Vec<String> {
        let at = |x: usize, y: usize| self.pixels[y * self.width + x];
        let mut image = PreparedImage::prepare_from_greyscale(self.width, self.height, at);
        let grids = image.detect_grids();
        grids.iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
    }
}

/// How bright a colour looks (ITU-R BT.601, as JPEG has it).
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A screen with somebody's id, seen from the side.
    const TILTED: &[u8] = include_bytes!("../../../tests/pictures/tilted.jpg");
    const SAYS: &str = "feed1jkydhy9me5u7w50sdwurj0h48xqetaw0ytuq6ym6dpmx6mecer3squ0u5r";

    /// The same claiming another size.
    fn claiming(width: u16, height: u16) -> Vec<u8> {
        let mut picture = TILTED.to_vec();
        let at = picture.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("it has a frame");
        picture[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
        picture[at + 7..at + 9].copy_from_slice(&width.to_be_bytes());
        picture
    }

    #[test]
    fn a_code_is_read_as_a_camera_sees_it() {
        assert_eq!(codes(TILTED), Ok(vec![SAYS.to_owned()]));
    }

    #[test]
    fn what_a_picture_claims_is_refused_before_there_is_room_for_it() {
        for (width, height) in [(5_000, 5_001), (60_000, 60_000), (u16::MAX, u16::MAX)] {
            let picture = claiming(width, height);
            let refused = Err(PictureError::Pixels { width: width.into(), height: height.into() });
            assert_eq!(codes(&picture).map(|_| ()), refused);
        }
        assert!(jpeg(&claiming(5_000, 5_000)).is_ok(), "as large as may be");
    }

    #[test]
    fn whatever_is_cut_off_or_something_else_is_no_picture() {
        for picture in [&b""[..], b"GIF89a", b"\xff\xd8", b"klatch:door/1/", b"<svg/>"] {
            assert_eq!(codes(picture), Err(PictureError::Kind), "{picture:?}");
        }
        for bytes in [3, 20, 200, TILTED.len() / 4] {
            assert_eq!(codes(&TILTED[..bytes]), Err(PictureError::Cut), "{bytes}");
        }
        assert_eq!(codes(b"\x89PNG\r\n\x1a\n"), Err(PictureError::Cut));
        // As some cameras write them: with a small picture before the large one, and something after it.
        let thumb = [&TILTED[..2], &[0xff, 0xe1, 0, 6, 0xff, 0xd9, 0xff, 0xd9], &TILTED[2..]].concat();
        assert_eq!(codes(&thumb[..thumb.len() / 4]), Err(PictureError::Cut));
        assert_eq!(codes(&[&thumb[..], b"more"].concat()), Ok(vec![SAYS.to_owned()]));
        assert_eq!(codes(b"\xff\xd8\xff\xe0\0\x04ab no marker stands here"), Err(PictureError::Broken));
    }

    #[test]
    fn a_large_picture_is_looked_at_smaller() {
        let grey = Grey { width: 5, height: 2, pixels: vec![0, 10, 20, 30, 99, 4, 14, 24, 34, 99] };
        let small = Grey { width: 2, height: 1, pixels: vec![7, 27] };
        assert_eq!(grey.within(3), small);
        assert_eq!(grey.within(5), grey);
    }
}
