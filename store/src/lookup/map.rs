//! A map in cells, each a quarter of the one before it: what letters of a geohash say, two bits a step.
//!
//! An event stands in one cell of each depth that is kept; who asks takes the depth at which a few cells
//! cover the circle. Distances are those on a sphere: good to half a percent, and no verdict.

/// Longitude is halved so often: a cell is about 156, 39, 10 and 2.4 km high, and twice as wide at the equator.
const DEPTHS: [u8; 4] = [7, 9, 11, 13];
/// Past it a circle is made smaller.
const RADIUS_METRES_MAX: f64 = 500_000.0;
/// More cells than these are taken one depth up.
const CELLS_MAX: u32 = 12;
const METRES_PER_DEGREE: f64 = 111_195.0;
const MILLION: f64 = 1_000_000.0;

/// Depth, column and row.
pub(super) type Cell = [u8; 5];

fn cell(depth: u8, column: u32, row: u32) -> Cell {
    let ([_, _, c0, c1], [_, _, r0, r1]) = (column.to_be_bytes(), row.to_be_bytes());
    [depth, c0, c1, r0, r1]
}

/// At which of 2^`depth` steps over `span` millionths of a degree.
fn step(depth: u8, from_edge: i64, span: i64) -> u32 {
    let steps = 1_i64 << depth;
    let at = from_edge.max(0) * steps / span;
    u32::try_from(at.min(steps - 1)).unwrap_or(0)
}

fn row(depth: u8, lat: i64) -> u32 {
    step(depth, lat + 90_000_000, 180_000_000)
}

fn column(depth: u8, lon: i64) -> u32 {
    step(depth, (lon + 180_000_000).rem_euclid(360_000_000), 360_000_000)
}

/// The cells that a place is in.
pub(super) fn cells((lat, lon): (i32, i32)) -> [Cell; 4] {
    DEPTHS.map(|depth| cell(depth, column(depth, lon.into()), row(depth, lat.into())))
}

/// A few cells that cover the circle.
pub(super) fn around((lat, lon): (i32, i32), radius_m: u32) -> Vec<Cell> {
    let radius = f64::from(radius_m).min(RADIUS_METRES_MAX);
    let high = (radius / METRES_PER_DEGREE * MILLION).ceil();
    let farthest = (f64::from(lat).abs() + high) / MILLION;
    // Around a pole, every longitude.
    let wide = match farthest < 89.9 {
        true => (high / farthest.to_radians().cos()).ceil().min(180.0 * MILLION),
        false => 180.0 * MILLION,
    };
    let (lat, lon, high, wide) = (i64::from(lat), i64::from(lon), high as i64, wide as i64);
    let spans = |depth: u8| {
        let columns = 1_u32 << depth;
        let (from, to) = (column(depth, lon - wide), column(depth, lon + wide));
        let across = match wide * 2 >= 360_000_000 - 360_000_000 / i64::from(columns) {
            true => columns,
            false => (to + columns - from) % columns + 1,
        };
        let (low, top) = (row(depth, lat - high), row(depth, lat + high));
        (columns, from, across, low, top)
    };
    let fits = |depth: &&u8| {
        let (_, _, across, low, top) = spans(**depth);
        across * (top - low + 1) <= CELLS_MAX
    };
    let depth = *DEPTHS.iter().rev().find(fits).unwrap_or(&DEPTHS[0]);
    let (columns, from, across, low, top) = spans(depth);
    let row = |row| (0..across).map(move |ahead| cell(depth, (from + ahead) % columns, row));
    (low..=top).flat_map(row).collect()
}

/// Along the surface.
pub(super) fn metres(a: (i32, i32), b: (i32, i32)) -> f64 {
    let radians = |millionths: i32| (f64::from(millionths) / MILLION).to_radians();
    let ((lat_a, lon_a), (lat_b, lon_b)) = ((radians(a.0), radians(a.1)), (radians(b.0), radians(b.1)));
    let half = |angle: f64| (angle / 2.0).sin().powi(2);
    let chord = half(lat_b - lat_a) + lat_a.cos() * lat_b.cos() * half(lon_b - lon_a);
    2.0 * chord.sqrt().min(1.0).asin() * METRES_PER_DEGREE.to_degrees()
}

pub(super) fn encode((lat, lon): (i32, i32)) -> Vec<u8> {
    [lat.to_be_bytes(), lon.to_be_bytes()].concat()
}

pub(super) fn decode(bytes: &[u8]) -> Option<(i32, i32)> {
    let (lat, lon) = bytes.split_first_chunk()?;
    Some((i32::from_be_bytes(*lat), i32::from_be_bytes(lon.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LISBON: (i32, i32) = (38_722_300, -9_139_300);
    const PORTO: (i32, i32) = (41_157_900, -8_629_100);

    #[test]
    fn distances_are_those_of_a_globe() {
        let far = metres(LISBON, PORTO);
        assert!((273_000.0..276_000.0).contains(&far), "{far}");
        assert!(metres((0, 179_999_999), (0, -179_999_999)) < 1.0, "across the date line");
        let half = metres((0, 0), (0, 180_000_000));
        assert!((half - 180.0 * METRES_PER_DEGREE).abs() < 1.0, "{half}");
        assert_eq!(decode(&encode(LISBON)), Some(LISBON));
        assert_eq!(decode(&[0; 7]), None);
    }

    #[test]
    fn a_circle_takes_few_cells_but_around_a_pole() {
        for radius in [100, 1_000, 5_000, 25_000, 100_000] {
            assert!(around(LISBON, radius).len() <= CELLS_MAX as usize, "{radius}");
        }
        assert!(around((90_000_000, 0), 500_000).len() <= 128 * 8);
    }

    proptest! {
        #[test]
        fn every_place_within_the_circle_is_in_its_cells(
            lat in -90_000_000..=90_000_000_i32, lon in -180_000_000..=180_000_000_i32,
            up in -5_000_000..=5_000_000_i32, right in -5_000_000..=5_000_000_i32,
            slack in 1.0..3.0_f64,
        ) {
            let there = ((lat + up).clamp(-90_000_000, 90_000_000), lon + right);
            let there = (there.0, (there.1 + 180_000_000).rem_euclid(360_000_000) - 180_000_000);
            let radius = (metres((lat, lon), there) * slack).ceil() + 1.0;
            prop_assume!(radius <= RADIUS_METRES_MAX);
            let covered = around((lat, lon), radius as u32);
            let inside = cells(there).iter().any(|cell| covered.contains(cell));
            prop_assert!(inside, "{:?} is {} m from {:?}", there, radius, (lat, lon));
        }
    }
}
