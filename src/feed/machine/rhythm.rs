//! How long something is usually silent, learned from the longest silences that it has shown.
//!
//! Markets are bursty: a mean would cry wolf at every lull. What was silent for a minute within the
//! last hour may well be silent for two.

use std::time::Duration;

use super::listening::Moment;

/// Events before which nothing is concluded from silence.
const ENOUGH: u32 = 20;
/// No silence shorter than this is overdue.
const FLOOR: Millis = 5_000;
/// How many times the longest silence is overdue, where thousands have been seen.
const FACTOR: u64 = 3;
/// Divided by the number of events in the last hour: how many times more, where few have been seen. The
/// longest of a few silences is not long: of twenty, when they come by pure chance, one in 1,500 that
/// follow is three times as long, and one in 120,000 is six times.
const FEW: u64 = 60;
/// A rhythm watched for less than this may be in the middle of a burst: it is given the rest of it on
/// top of [`FLOOR`].
const WARM_UP: Millis = 20_000;
/// What one bucket covers.
const BUCKET: u64 = 5 * 60_000;
const BUCKETS: usize = 12;

type Millis = u32;

/// The rhythm of one topic, or of a connection: 112 bytes, whatever it has seen.
///
/// The longest silences and the number of events are kept for each five minutes of an hour. The hour
/// ends at the last event, so that what is being silent forgets nothing meanwhile. An event is a moment:
/// what comes at the same time counts once.
#[derive(Debug, Default)]
pub(super) struct Rhythm {
    last: Moment,
    /// The longest of `silences`.
    longest: Millis,
    /// The number of the newest bucket, counted from the beginning of time.
    bucket: u32,
    /// All events; saturates.
    seen: u32,
    /// Those of the last hour; saturates.
    recent: u32,
    /// For how long it was watched; saturates.
    watched: Millis,
    cadence: Option<Millis>,
    silences: [Millis; BUCKETS],
    counts: [u16; BUCKETS],
}

impl Rhythm {
    /// Nothing is known. `cadence` is what the venue documents: something comes at least this often.
    pub(super) fn new(cadence: Option<Duration>) -> Self {
        let mut rhythm = Self::default();
        rhythm.set_cadence(cadence);
        rhythm
    }

    /// The venue documents another cadence, or none.
    pub(super) fn set_cadence(&mut self, cadence: Option<Duration>) {
        self.cadence = cadence.map(|cadence| {
            let cadence = cadence.as_millis();
            millis(u64::try_from(cadence).unwrap_or(u64::MAX))
        });
    }

    pub(super) fn cadence(&self) -> Option<Duration> {
        let cadence = self.cadence?;
        Some(Duration::from_millis(cadence.into()))
    }

    /// How many events there were.
    pub(super) fn seen(&self) -> u32 {
        self.seen
    }

    /// Silence counts from now: what came before says nothing about what follows, because there was
    /// no subscription in between.
    pub(super) fn restart(&mut self, at: Moment) {
        self.last = at;
    }

    /// Something came. Costs a comparison where it is not the first at this moment.
    #[inline]
    pub(super) fn heard(&mut self, at: Moment) {
        if at > self.last {
            self.learn(at);
        }
    }

    fn learn(&mut self, at: Moment) {
        let mut silence = millis(at.since(self.last));
        // A silence that was overdue is half believed: a fault that mended itself must not blind us
        // for an hour, and a rhythm that has become slower is known after a few of them.
        if silence > self.longest
            && let Some(patience) = self.patience_millis()
        {
            silence = silence.min(patience.saturating_mul(FACTOR as Millis));
        }
        self.last = at;
        self.seen = self.seen.saturating_add(1);
        self.watched = self.watched.saturating_add(silence);
        let bucket = (at.millis() / BUCKET) as u32;
        if bucket != self.bucket {
            self.turn(bucket);
        }
        let at = bucket as usize % BUCKETS;
        self.silences[at] = self.silences[at].max(silence);
        self.longest = self.longest.max(silence);
        if let Some(count) = self.counts[at].checked_add(1) {
            self.counts[at] = count;
            self.recent += 1;
        }
    }

    /// Forgets what lies more than an hour before the bucket that begins.
    #[cold]
    fn turn(&mut self, bucket: u32) {
        let passed = bucket.wrapping_sub(self.bucket).min(BUCKETS as u32);
        for old in 0..passed {
            let at = bucket.wrapping_sub(old) as usize % BUCKETS;
            (self.silences[at], self.counts[at]) = (0, 0);
        }
        self.bucket = bucket;
        self.longest = self.silences.into_iter().max().unwrap_or_default();
        self.recent = self.counts.into_iter().map(u32::from).sum();
    }

    /// When something last came, or silence began to count.
    pub(super) fn last(&self) -> Moment {
        self.last
    }

    /// How long a silence must be to be overdue: at least three times the longest one, and at least five
    /// seconds. `None` while too little is known.
    pub(super) fn patience(&self) -> Option<u64> {
        self.patience_millis().map(u64::from)
    }

    fn patience_millis(&self) -> Option<Millis> {
        let learned = self.seen >= ENOUGH;
        if !learned && self.cadence.is_none() {
            return None;
        }
        let cadence = self.cadence.map_or(0, u64::from) * FACTOR;
        let early = match self.cadence {
            Some(_) => 0,
            None => WARM_UP.saturating_sub(self.watched),
        };
        let longest = u64::from(self.longest);
        let few = if learned {
            longest * FEW / u64::from(self.recent.max(1))
        } else {
            0
        };
        let patience = longest * FACTOR + few;
        Some(millis(patience.max(cadence)).max(FLOOR + early))
    }

    /// When the silence that began with the last event, or at `since` if that is later, is overdue.
    pub(super) fn overdue_at(&self, since: Moment) -> Option<Moment> {
        Some(self.last.max(since).after(self.patience()?))
    }
}

fn millis(millis: u64) -> Millis {
    Millis::try_from(millis).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 60 * 60_000;

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    /// A rhythm that saw something come after each of these silences.
    fn after(silences: impl IntoIterator<Item = u64>) -> (Rhythm, u64) {
        let (mut rhythm, mut now) = (Rhythm::new(None), 0);
        for silence in silences {
            now += silence;
            rhythm.heard(at(now));
        }
        (rhythm, now)
    }

    fn overdue_in(rhythm: &Rhythm) -> Option<u64> {
        let overdue = rhythm.overdue_at(Moment::default())?;
        Some(overdue.since(rhythm.last()))
    }

    #[test]
    fn nothing_is_concluded_from_few_events() {
        assert_eq!(overdue_in(&after([60_000; 19]).0), None);
        assert_eq!(overdue_in(&after([60_000; 20]).0), Some(6 * 60_000));
        assert_eq!(overdue_in(&after([30_000; 60]).0), Some(4 * 30_000));
        assert_eq!(overdue_in(&after([6_000; 580]).0), Some(3 * 6_000 + 620));
    }

    #[test]
    fn a_lively_one_is_overdue_after_five_seconds() {
        assert_eq!(overdue_in(&after([100; 300]).0), Some(5_000));
    }

    #[test]
    fn one_that_has_just_begun_is_given_time() {
        assert_eq!(overdue_in(&after([10; 100]).0), Some(24_000));
        assert_eq!(overdue_in(&after([100; 100]).0), Some(15_000));
    }

    #[test]
    fn a_documented_cadence_needs_no_events() {
        let mut rhythm = Rhythm::new(Some(Duration::from_secs(1)));
        assert_eq!(overdue_in(&rhythm), Some(5_000));
        // What is only told when it changes shows how rarely that is.
        rhythm.heard(at(4_000));
        assert_eq!(overdue_in(&rhythm), Some(12_000));
        let slow = Rhythm::new(Some(Duration::from_secs(10)));
        assert_eq!(overdue_in(&slow), Some(30_000));
    }

    #[test]
    fn one_batch_is_one_event() {
        let mut rhythm = Rhythm::new(None);
        for _ in 0..1_000 {
            rhythm.heard(at(5));
        }
        assert_eq!((rhythm.seen, overdue_in(&rhythm)), (1, None));
    }

    #[test]
    fn a_silence_is_forgotten_after_an_hour_of_other_ones() {
        let (mut rhythm, mut now) = after([60_000; 30]);
        let from = now;
        while now < from + HOUR - 10 * 60_000 {
            now += 1_000;
            rhythm.heard(at(now));
        }
        assert!(overdue_in(&rhythm) > Some(180_000));
        while now < from + HOUR {
            now += 1_000;
            rhythm.heard(at(now));
        }
        assert_eq!(overdue_in(&rhythm), Some(5_000));
    }

    #[test]
    fn silence_itself_forgets_nothing() {
        let (mut rhythm, now) = after([1_800_000; 25]);
        let overdue = overdue_in(&rhythm);
        assert!(overdue > Some(20 * 1_800_000), "{overdue:?}");
        rhythm.heard(at(now + 2 * HOUR));
        assert!(overdue_in(&rhythm) >= Some(6 * HOUR));
    }

    #[test]
    fn a_fault_that_mended_itself_does_not_blind_for_an_hour() {
        let (mut rhythm, mut now) = after([100; 300]);
        now += 16 * HOUR;
        rhythm.heard(at(now));
        for _ in 0..600 {
            now += 100;
            rhythm.heard(at(now));
        }
        assert!(overdue_in(&rhythm) < Some(47_000));
    }

    #[test]
    fn what_lies_between_two_subscriptions_is_no_silence() {
        let (mut rhythm, now) = after([100; 300]);
        rhythm.restart(at(now + HOUR));
        assert_eq!(overdue_in(&rhythm), Some(5_000));
        rhythm.heard(at(now + HOUR + 100));
        assert_eq!(rhythm.longest, 100);
    }

    #[test]
    fn silence_before_it_was_listened_for_does_not_count() {
        let (rhythm, now) = after([100; 300]);
        let since = at(now + 60_000);
        assert_eq!(rhythm.overdue_at(since), Some(since.after(5_000)));
    }

    #[test]
    fn a_rhythm_stays_small() {
        assert!(size_of::<Rhythm>() <= 112);
    }

    proptest! {
        /// Against all silences of the last hour, kept in a list.
        #[test]
        fn never_overdue_before_three_times_the_longest_silence_of_the_last_hour(
            silences in prop::collection::vec(
                prop_oneof![0_u64..200, 0_u64..10_000, 0_u64..600_000], 0..400),
        ) {
            let (mut rhythm, mut now, mut kept) = (Rhythm::new(None), 0, Vec::new());
            let mut moments = 0;
            for silence in silences {
                let overdue = overdue_in(&rhythm);
                now += silence;
                rhythm.heard(at(now));
                moments += usize::from(silence > 0);
                // What was overdue is believed up to three times as much.
                let believed = overdue.map_or(silence, |overdue| silence.min(3 * overdue));
                kept.push((now, believed));
                let longest = |span: u64| {
                    let of_the_last = kept.iter().filter(|(at, _)| at + span >= now);
                    of_the_last.map(|(_, silence)| *silence).max().unwrap_or(0)
                };
                match overdue_in(&rhythm) {
                    None => prop_assert!(moments < 20),
                    Some(overdue) => {
                        prop_assert!(moments >= 20 && overdue >= 5_000);
                        prop_assert!(overdue >= 3 * longest(HOUR - BUCKET));
                        prop_assert!(overdue <= (63 * longest(HOUR)).max(25_000));
                    }
                }
            }
        }

        #[test]
        fn a_steady_chance_hardly_ever_cries_wolf(seed: u64, mean in 20_u32..20_000) {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut rhythm, mut now, mut alarms) = (Rhythm::new(None), 0, 0);
            for _ in 0..20_000 {
                let silence = -f64::from(mean) * (1.0 - random.f64()).ln();
                let silence = silence as u64;
                alarms += usize::from(overdue_in(&rhythm).is_some_and(|overdue| silence > overdue));
                now += silence;
                rhythm.heard(at(now));
            }
            prop_assert!(alarms <= 1, "{alarms} alarms");
        }
    }

    /// Events that set off others: long lulls, then many at once.
    #[test]
    fn bursts_do_not_cry_wolf() {
        let mut alarms = 0;
        for seed in 0..20 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (mut rhythm, mut now, mut excited) = (Rhythm::new(None), 0.0, 0.0);
            let mut last = 0;
            while now < 24.0 * 3_600.0 {
                // Thinning of a self-exciting process: 0.1 a second, each setting off 0.8 more.
                let most = 0.1 + excited;
                let wait = -(1.0 - random.f64()).ln() / most;
                now += wait;
                excited *= (-2.0 * wait).exp();
                if random.f64() * most <= 0.1 + excited {
                    excited += 1.6;
                    let millis = (now * 1_000.0) as u64;
                    let overdue = overdue_in(&rhythm);
                    alarms += usize::from(overdue.is_some_and(|overdue| millis - last > overdue));
                    rhythm.heard(at(millis));
                    last = millis;
                }
            }
        }
        assert!(alarms <= 4, "{alarms} alarms in 20 days");
    }
}
