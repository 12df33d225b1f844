//! Linear equations with a symmetric, positive definite matrix.

/// The solution of `matrix · x = right` by Cholesky's factor. Only the lower triangle is read. None if the matrix is not
/// positive definite as far as doubles can tell.
pub(super) fn solve(mut matrix: Vec<Vec<f64>>, right: &[f64]) -> Option<Vec<f64>> {
    let n = right.len();
    for row in 0..n {
        for column in 0..=row {
            let inner: f64 = (0..column).map(|idx| matrix[row][idx] * matrix[column][idx]).sum();
            let rest = matrix[row][column] - inner;
            if row > column {
                matrix[row][column] = rest / matrix[column][column];
            } else if rest > 0.0 {
                matrix[row][row] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut found = right.to_vec();
    for row in 0..n {
        let inner: f64 = (0..row).map(|idx| matrix[row][idx] * found[idx]).sum();
        found[row] = (found[row] - inner) / matrix[row][row];
    }
    for row in (0..n).rev() {
        let inner: f64 = (row + 1..n).map(|idx| matrix[idx][row] * found[idx]).sum();
        found[row] = (found[row] - inner) / matrix[row][row];
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_system_is_solved_exactly() {
        let matrix = vec![vec![4.0, 0.0], vec![2.0, 3.0]];
        let found = solve(matrix, &[10.0, 8.0]).unwrap();
        assert!((found[0] - 1.75).abs() < 1e-12 && (found[1] - 1.5).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_is_not_positive_definite_has_no_solution() {
        assert_eq!(solve(vec![vec![1.0, 0.0], vec![2.0, 1.0]], &[1.0, 1.0]), None);
        assert_eq!(solve(vec![vec![f64::NAN]], &[1.0]), None);
    }
}
