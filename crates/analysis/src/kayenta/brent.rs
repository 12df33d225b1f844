//! Brent's root finder (Brent, "Algorithms for minimization without derivatives", 1973, chapter 4) in the form of R's
//! `uniroot`. Its answers on step functions depend on the path, so the path is kept.

/// Bounds the steps; bisection alone would need some sixty.
const STEPS_MAX: usize = 1000;

/// A root of `f` between `lo` and `hi`, at which it has different signs, within `tolerance`. None if it takes too long.
pub(super) fn root(mut f: impl FnMut(f64) -> f64, lo: f64, hi: f64, tolerance: f64) -> Option<f64> {
    let (mut a, mut fa) = (lo, f(lo));
    let (mut b, mut fb) = (hi, f(hi));
    let (mut c, mut fc) = (a, fa);
    for _ in 0..STEPS_MAX {
        let previous_step = b - a;
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let least_step = 2.0 * f64::EPSILON * b.abs() + tolerance / 2.0;
        let mut step = (c - b) / 2.0;
        if step.abs() <= least_step || fb == 0.0 {
            return Some(b);
        }
        if previous_step.abs() >= least_step && fa.abs() > fb.abs() {
            let (p, q) = interpolated((a, fa), (b, fb), (c, fc));
            let is_inside = p < 0.75 * (c - b) * q - (least_step * q).abs() / 2.0;
            if is_inside && p < (previous_step * q / 2.0).abs() {
                step = p / q;
            }
        }
        if step.abs() < least_step {
            step = least_step.copysign(step);
        }
        (a, fa) = (b, fb);
        b += step;
        fb = f(b);
        if (fb > 0.0 && fc > 0.0) || (fb < 0.0 && fc < 0.0) {
            (c, fc) = (a, fa);
        }
    }
    None
}

/// The step by secant or inverse parabola as a fraction, its numerator not negative.
fn interpolated((a, fa): (f64, f64), (b, fb): (f64, f64), (c, fc): (f64, f64)) -> (f64, f64) {
    let to_c = c - b;
    let (p, q) = if a == c {
        let s = fb / fa;
        (to_c * s, 1.0 - s)
    } else {
        let (q, r, s) = (fa / fc, fb / fc, fb / fa);
        (s * (to_c * q * (q - r) - (b - a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
    };
    if p > 0.0 { (p, -q) } else { (-p, q) }
}
