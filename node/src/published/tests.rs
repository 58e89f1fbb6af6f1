use super::*;

#[test]
fn claimed_times_are_dates_whatever_somebody_claims() {
    assert_eq!(claimed(1_796_149_800_000), "2026-12-01T18:30:00Z");
    for time_ms in [0, u64::MAX, i64::MAX as u64, 253_402_300_800_000] {
        assert_eq!(claimed(time_ms), "1970-01-01T00:00:00Z", "{time_ms}");
    }
    assert_eq!(claimed(253_402_300_799_999), "9999-12-31T23:59:59Z");
}
