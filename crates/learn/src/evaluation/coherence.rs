//! Whether words that stand for one theme are used together.

/// The mean over themes of the mean normalised pointwise mutual information of all pairs of a theme's words (Bouma 2009;
/// Lau, Newman and Baldwin 2014), from -1 (never together) to 1 (never apart). A pair that no document holds counts -1.
///
/// `themes` are words by number, the most telling first; each document is the numbers of its different words in rising order.
#[must_use]
pub fn mean_npmi(themes: &[Vec<u32>], documents: &[Vec<u32>]) -> f64 {
    let of_each = themes.iter().map(|words| npmi_of(words, documents));
    let (sum, count) = of_each.fold((0.0, 0u32), |(sum, count), npmi| (sum + npmi, count + 1));
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

fn npmi_of(words: &[u32], documents: &[Vec<u32>]) -> f64 {
    let size = words.len();
    let mut together = vec![0u64; size * size];
    for document in documents {
        let held: Vec<usize> = (0..size)
            .filter(|&index| document.binary_search(&words[index]).is_ok())
            .collect();
        for &a in &held {
            for &b in &held {
                together[a * size + b] += 1;
            }
        }
    }
    let total = documents.len() as f64;
    let (mut sum, mut pairs) = (0.0, 0u32);
    for a in 0..size {
        for b in 0..a {
            let of = |index: usize| together[index * size + index] as f64 / total;
            sum += npmi(together[a * size + b] as f64 / total, of(a), of(b));
            pairs += 1;
        }
    }
    if pairs == 0 {
        0.0
    } else {
        sum / f64::from(pairs)
    }
}

fn npmi(both: f64, a: f64, b: f64) -> f64 {
    if both <= 0.0 {
        -1.0
    } else if both >= 1.0 {
        1.0
    } else {
        (both / (a * b)).ln() / -both.ln()
    }
}

#[cfg(test)]
mod tests {
    use super::mean_npmi;

    #[test]
    fn never_apart_and_never_together() {
        let documents = [vec![1, 2], vec![1, 2], vec![3], vec![]];
        assert!((mean_npmi(&[vec![1, 2]], &documents) - 1.0).abs() < 1e-12);
        assert!((mean_npmi(&[vec![1, 3]], &documents) + 1.0).abs() < 1e-12);
        assert!(mean_npmi(&[vec![1, 2], vec![3, 1]], &documents).abs() < 1e-12);
    }

    #[test]
    fn independent_words_have_none() {
        let documents = [vec![1, 2], vec![1], vec![2], vec![]];
        assert!(mean_npmi(&[vec![1, 2]], &documents).abs() < 1e-12);
    }
}
