//! The few directions in which a large symmetric matrix stretches most.
//!
//! Subspace iteration (Halko, Martinsson and Tropp, *Finding structure with randomness*, 2011): a random basis is multiplied
//! with the matrix and made orthonormal again, several times. The single eigenvectors are not needed: distances between rows
//! do not depend on how the basis is turned.

use super::cooccurrence::SymmetricMatrix;

const ROUNDS: usize = 5;
/// What is added to the diagonal, as a share of the largest, where columns depend on each other.
const RIDGE: f64 = 1e-9;

/// An orthonormal basis of the leading subspace: `dims` values for each row of the matrix.
pub(super) fn leading_subspace(
    matrix: &SymmetricMatrix,
    dims: usize,
    rng: &mut fastrand::Rng,
) -> Vec<f32> {
    let mut basis: Vec<f32> = (0..matrix.size() * dims).map(|_| rng.f32() - 0.5).collect();
    for _ in 0..ROUNDS {
        basis = multiply(matrix, &basis, dims);
        // Twice: what rounding leaves after the first time goes with the second.
        orthonormalise(&mut basis, dims);
        orthonormalise(&mut basis, dims);
    }
    basis
}

fn multiply(matrix: &SymmetricMatrix, basis: &[f32], dims: usize) -> Vec<f32> {
    let mut product = vec![0.0; basis.len()];
    for (row, sum) in product.chunks_exact_mut(dims).enumerate() {
        for (column, value) in matrix.row(row) {
            for (total, from) in sum.iter_mut().zip(&basis[column * dims..][..dims]) {
                *total += value * from;
            }
        }
    }
    product
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
