//! The few directions in which a large symmetric matrix stretches most.
//!
//! Subspace iteration (Halko, Martinsson and Tropp, *Finding structure with randomness*, 2011): a random basis is multiplied
//! with the matrix and made orthonormal again, several times. The single eigenvectors are not needed: distances between rows
//! do not depend on how the basis is turned.

const ROUNDS: usize = 5;
/// What is added to the diagonal, as a share of the largest, where columns depend on each other.
const RIDGE: f64 = 1e-9;

/// An orthonormal basis of the leading subspace of a symmetric matrix of `size` rows, `dims` values for each row. `multiply`
/// gives the product of the matrix and such a basis.
pub(super) fn leading_subspace(
    size: usize,
    dims: usize,
    multiply: &dyn Fn(&[f32]) -> Vec<f32>,
    rng: &mut fastrand::Rng,
) -> Vec<f32> {
    let mut basis: Vec<f32> = (0..size * dims).map(|_| rng.f32() - 0.5).collect();
    for _ in 0..ROUNDS {
        basis = multiply(&basis);
        // Twice: what rounding leaves after the first time goes with the second.
        orthonormalise(&mut basis, dims);
        orthonormalise(&mut basis, dims);
    }
    basis
}

/// Makes the columns orthonormal by the Cholesky factor of their inner products.
fn orthonormalise(basis: &mut [f32], dims: usize) {
    let factor = cholesky(inner_products(basis, dims), dims);
    let mut row_before = vec![0.0f64; dims];
    for row in basis.chunks_exact_mut(dims) {
        for column in 0..dims {
            let mut value = f64::from(row[column]);
            for before in 0..column {
                value -= row_before[before] * factor[column * dims + before];
            }
            row_before[column] = value / factor[column * dims + column];
        }
        for (value, exact) in row.iter_mut().zip(&row_before) {
            *value = *exact as f32;
        }
    }
}

fn inner_products(basis: &[f32], dims: usize) -> Vec<f64> {
    let mut products = vec![0.0f64; dims * dims];
    for row in basis.chunks_exact(dims) {
        for (a, sums) in row.iter().zip(products.chunks_exact_mut(dims)) {
            let a = f64::from(*a);
            for (sum, b) in sums.iter_mut().zip(row) {
                *sum += a * f64::from(*b);
            }
        }
    }
    products
}

/// The lower triangle whose product with its transpose is the matrix.
fn cholesky(mut matrix: Vec<f64>, dims: usize) -> Vec<f64> {
    let largest = (0..dims)
        .map(|index| matrix[index * dims + index])
        .fold(0.0, f64::max);
    let least = (largest * RIDGE).max(f64::MIN_POSITIVE);
    for column in 0..dims {
        for row in column..dims {
            let mut value = matrix[row * dims + column];
            for before in 0..column {
                value -= matrix[row * dims + before] * matrix[column * dims + before];
            }
            matrix[row * dims + column] = if row == column {
                value.max(least).sqrt()
            } else {
                value / matrix[column * dims + column]
            };
        }
    }
    matrix
}
