//! The rate limit: a bucket that refills with time.

use jiff::Timestamp;

/// A bucket of requests; it holds one second's worth.
#[derive(Debug)]
pub struct Bucket {
    per_second: f64,
    left: f64,
    at: Timestamp,
}

impl Bucket {
    /// Returns a full bucket.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, left: per_second, at: Timestamp::UNIX_EPOCH }
    }

    /// Takes one request out.
    ///
    /// # Errors
    /// When the bucket is empty: after how many seconds there is one again.
    pub fn take(&mut self, now: Timestamp) -> Result<(), u32> {
        let passed_s = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.left = (self.left + passed_s * self.per_second).min(self.per_second);
        self.at = now;
        if self.left < 1.0 {
            // At least one request a second is allowed, so the wait is at most one second.
            return Err(1);
        }
        self.left -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_refills_the_bucket() {
        let mut bucket = Bucket::new(2);
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut at = |millis| bucket.take(start + jiff::SignedDuration::from_millis(millis));
        assert_eq!([at(0), at(0), at(0)], [Ok(()), Ok(()), Err(1)]);
        assert_eq!([at(400), at(600), at(700)], [Err(1), Ok(()), Err(1)]);
        assert_eq!([at(9_000), at(9_000), at(9_000)], [Ok(()), Ok(()), Err(1)]);
    }
}
