"""What the chapter on losses over sequences claims, over all states of its figures and over three seeds of its runs."""

from __future__ import annotations

import gzip
import itertools
import lzma
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lossbook
from lossbook.analysis import alignments, cuts, digit_rows, help_pages, micro_batches, next_word, softening
from lossbook.analysis.byte_model import ByteModel, compressor_bits
from lossbook.exercises import check
from lossbook.figures import sequences as figures

CHAPTER = (Path(__file__).parents[1] / "book/part-3/sequences.md").read_text(encoding="utf-8")
SEEDS = [0, 1, 2]  # 0 is the one that the chapter prints
seeds = pytest.mark.parametrize("seed", SEEDS)
RIGHT, WRONG = alignments.ORDERS


def numbers(readout: str) -> list[float]:
    """The numbers in a readout, in order."""
    return [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?(?:e\+\d+)?", readout.replace("−", "-"))]


# ── Tokens and bytes ─────────────────────────────────────────────────────────────────────────────────────────────────


def witten_bell(text: bytes, byte: int, before: bytes, order: int) -> float:
    """The rule once more, recursively and by counting anew."""

    def p(context: bytes) -> float:
        after = [text[i] for i in range(len(context), len(text)) if text[i - len(context) : i] == context]
        shorter = p(context[1:]) if context else 1 / 256
        n, u = len(after), len(set(after))
        return (after.count(byte) + u * shorter) / (n + u) if after else shorter

    return p(before[max(0, len(before) - order) :] if order else b"")


def test_the_model_that_counts() -> None:
    text = b"abracadabra, abracadabra"
    for order in (0, 1, 3):
        model = ByteModel(text, order)
        for before in (b"abr", b"zzz", b"aca"):
            assert math.fsum(model.probability(byte, before) for byte in range(256)) == pytest.approx(1)
            for byte in b"ad,z":
                assert model.probability(byte, before) == pytest.approx(witten_bell(text, byte, before, order))
        costs = model.costs(b"abda", b"br")
        whole = b"brabda"
        assert costs == pytest.approx([-math.log(witten_bell(text, whole[i], whole[:i], order)) for i in range(2, 6)])
    assert ByteModel(text, 5).costs(b"a")[0] == ByteModel(text, 0).costs(b"a")[0]  # nothing before the first byte
    with pytest.raises(ValueError, match="order must be at least 0, got -1"):
        ByteModel(text, -1)


def test_bits_per_byte_stay_and_perplexity_leaps() -> None:
    explorer = figures.cut_in_tokens()
    text = cuts.SENTENCE.encode()
    assert (len(text), len(cuts.SENTENCE)) == (20, 19) and set(text) <= set(cuts.READ.encode())
    for name, order in figures.MODELS.items():
        nats = cuts.model(order).costs(text).sum()
        found = []
        for cut in cuts.CUTS:
            pieces = cuts.tokens(cut)
            assert b"".join(pieces) == text
            one = cuts.cut_sentence(cut, order)
            assert one.bits_per_byte == pytest.approx(nats / math.log(2) / 20, abs=1e-12)
            assert one.perplexity == pytest.approx(math.exp(nats / len(pieces)))
            said = explorer.set(cut=cut, model=name).readout
            assert numbers(said)[-1] == round(one.bits_per_byte, 3)
            lead, raised = re.search(r"Perplexity ([\d.]+)(?: · 10(\S+))?;", said).groups()
            power = int((raised or "0").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
            told = float(lead) * 10.0**power
            assert told == pytest.approx(one.perplexity, rel=0.05)
            found.append(one.perplexity)
        assert (np.diff(found) > 0).all()
    for cut in cuts.CUTS:
        by_order = [cuts.cut_sentence(cut, order) for order in cuts.ORDERS]
        assert (np.diff([one.perplexity for one in by_order]) < 0).all()
        assert (np.diff([one.bits_per_byte for one in by_order]) < -1).all()
    assert cuts.cut_sentence("letters", 1).perplexity == pytest.approx(5.35, abs=0.005)
    assert cuts.cut_sentence("words", 1).perplexity == pytest.approx(587, abs=0.5)
    assert cuts.cut_sentence("words", 3).perplexity == pytest.approx(24.5, abs=0.05)
    with pytest.raises(ValueError, match=r"cut must be one of 'bytes'.*got 'syllables'"):
        cuts.tokens("syllables")


def test_what_is_drawn_of_the_cuts_fits() -> None:
    explorer = figures.cut_in_tokens()
    left, right = explorer.figure.axes
    for cut, model in itertools.product(cuts.CUTS, figures.MODELS):
        explorer.set(cut=cut, model=model)
        bars = [bar for bar in left.patches if bar.get_width()]
        found = cuts.cut_sentence(cut, figures.MODELS[model])
        assert len(bars) == len(found.costs)
        assert sum(bar.get_width() * bar.get_height() for bar in bars) == pytest.approx(found.costs.sum() / math.log(2))
        assert max(bar.get_height() for bar in bars) < left.get_ylim()[1]
        assert right.get_xlim()[0] < found.perplexity < right.get_xlim()[1]


# ── One token after the other ────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_reads_a_sentence() -> None:
    explorer = figures.next_words()
    words = next_word.SENTENCE.split()
    found = {}
    for share in figures.SHARES:
        table = next_word.table(share)
        assert table.sum(axis=1) == pytest.approx(np.ones(len(next_word.WORDS)))
        by_hand = 1.0
        for before, after in zip([".", *words[:-1]], words, strict=True):
            row = [b for a, b in itertools.pairwise([".", *next_word.KNOWN.split()]) if a == before]
            by_hand *= (1 - share) * row.count(after) / len(row) + share / 9
        found[share] = math.inf if by_hand == 0 else by_hand ** (-1 / len(words))
        assert next_word.sentence_perplexity(share) == pytest.approx(found[share])
        for word in range(1, len(words) + 1):
            readout = explorer.set(word=word, share=share).readout
            costs = next_word.costs(share)
            cost = costs[word - 1]
            top = explorer.figure.axes[1].get_ylim()[1]
            for bar, paid in zip(explorer.figure.axes[1].patches, costs, strict=True):  # as high as it costs
                assert bar.get_height() == pytest.approx(paid) if math.isfinite(paid) else bar.get_height() < top
            assert costs[np.isfinite(costs)].max() < figures.TOP < top
            assert ("infinitely" in readout) == (not math.isfinite(cost))
            assert ("perplexity of the sentence are infinite" in readout) == (share == 0)
            assert explorer.challenge.met(word=word, share=share) == (share == 0.3)
            if share:
                assert numbers(readout)[-1] == pytest.approx(found[share], abs=0.006)
    assert len(words) == 9 and np.isinf(next_word.costs(0.0)).sum() == 2 and np.isfinite(next_word.costs(0.01)).all()
    assert min(found, key=lambda share: found[share]) == 0.3 == figures.BEST
    assert found[1.0] == pytest.approx(9)  # a uniform guess among nine words


def test_z_loss_notices_a_shift() -> None:
    s = np.array([[2.0, 0.0, -1.0]])
    plain, shifted = (lossbook.sequence_cross_entropy(s + c, [0]) for c in (0, 10))
    assert plain == pytest.approx(shifted)
    held = [lossbook.sequence_cross_entropy(s + c, [0], z_loss=1e-4) for c in (0, 10)]
    assert held[1] > held[0] + 0.01


# ── Masks and means ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_means_in_every_state() -> None:
    explorer = figures.micro_batches()
    length, second = figures.SECOND
    for tokens, loss in itertools.product(explorer.controls["tokens"].values, explorer.controls["loss"].values):
        readout = explorer.set(tokens=tokens, loss=loss).readout
        every = [loss] * tokens + [second] * length
        of_tokens, of_means = np.mean(every), (loss + second) / 2
        read = numbers(readout)
        assert read[4:6] == [pytest.approx(of_tokens, abs=6e-4), pytest.approx(of_means, abs=6e-4)]
        assert read[7] == pytest.approx(length / tokens, rel=0.005)
        same = tokens == length or loss == second
        assert (abs(of_means - of_tokens) < 1e-12) == same
        if not same:
            assert (of_means > of_tokens) == (loss > second)  # the first is the shorter one
        assert explorer.challenge.met(tokens=tokens, loss=loss) == (loss == second and tokens != length)
        weights, each = micro_batches.token_weights([tokens, length])
        assert weights[0] / weights[1] == pytest.approx(length / tokens)  # so too where the means are equal
        assert weights @ [tokens, length] == pytest.approx(1) and each * len(every) == pytest.approx(1)
        assert weights.max() < explorer.figure.axes[1].get_ylim()[1]
    with pytest.raises(ValueError, match="counts must be greater than 0, one at least"):
        micro_batches.two_means([0, 3], [1.0, 2.0])


def test_real_lengths_make_up_the_text() -> None:
    found = micro_batches.paragraphs()
    assert found.lengths.sum() == len(help_pages.pages().unseen) and found.lengths.min() > 0
    whole = (found.lengths * found.losses).sum() / found.lengths.sum()
    assert whole == pytest.approx(help_pages.counted(4).mean())


@seeds
def test_the_mean_of_means_is_off_on_real_lengths(seed: int) -> None:
    found = micro_batches.updates(seed)
    off = np.array([one.means / one.tokens - 1 for one in found])
    assert np.abs(off).max() > 0.05 and np.median([one.heavier for one in found]) > 2


def test_the_repair_is_the_gradient_of_one_batch() -> None:
    logits = torch.randn(6, 5, generator=torch.manual_seed(3), dtype=torch.float64)
    labels = torch.tensor([0, 3, 1, 2, -100, -100])

    def slope(loss) -> torch.Tensor:  # type: ignore[no-untyped-def]
        s = logits.clone().requires_grad_()
        loss(s).backward()
        return s.grad

    whole = slope(lambda s: F.cross_entropy(s, labels))
    naive = slope(lambda s: (F.cross_entropy(s[:1], labels[:1]) + F.cross_entropy(s[1:], labels[1:])) / 2)
    repaired = slope(
        lambda s: (
            (F.cross_entropy(s[:1], labels[:1], reduction="sum") + F.cross_entropy(s[1:], labels[1:], reduction="sum"))
            / 4
        )
    )
    torch.testing.assert_close(repaired, whole)
    assert (naive - whole).abs().max() > 0.05
    own = lossbook.sequence_cross_entropy_grad(logits.numpy(), labels.numpy(), mask=(labels != -100).numpy())
    np.testing.assert_allclose(own, whole.numpy(), atol=1e-12)


# ── The text that comes with Python ──────────────────────────────────────────────────────────────────────────────────


def test_the_text_and_its_compressors() -> None:
    known, unseen = help_pages.pages()
    assert len(known) == 9 * len(known + unseen) // 10 and len(known) + len(unseen) <= help_pages.LENGTH
    assert compressor_bits(unseen, "gzip") == pytest.approx(8 * len(gzip.compress(unseen, 9)) / len(unseen))
    both, first = (len(lzma.compress(part, preset=9 | lzma.PRESET_EXTREME)) for part in (known + unseen, known))
    assert compressor_bits(unseen, "xz", known) == pytest.approx(8 * (both - first) / len(unseen))
    assert compressor_bits(unseen, "xz", known) < compressor_bits(unseen, "xz") - 0.3
    with pytest.raises(ValueError, match="by must be 'gzip' or 'xz', got 'zip'"):
        compressor_bits(unseen, "zip")


@pytest.mark.seeds
@seeds
def test_counting_beats_two_seconds_of_a_network(seed: int) -> None:
    reader = help_pages.train_reader(seed)
    unseen, known = help_pages.pages().unseen, help_pages.pages().known
    assert len(reader.costs) == len(unseen)
    network = lossbook.bits_per_byte(reader.costs, len(unseen))
    one, five = (lossbook.bits_per_byte(help_pages.counted(order), len(unseen)) for order in (1, 5))
    xz = compressor_bits(unseen, "xz", known)
    assert xz < five < network - 0.2 < one - 0.5
    assert abs(reader.path[0] - math.log(256)) < 0.2 and np.mean(reader.path[-20:]) < 2.0  # health
    assert np.mean(reader.path[-100:]) < np.mean(reader.path[-300:-200])  # still falling
    leak = help_pages.train_reader(seed, 150, 0)
    assert np.mean(leak.path[-20:]) < 0.15 and leak.costs.mean() < 0.3


def test_what_xz_finds_and_gzip_forgets() -> None:
    known, unseen = help_pages.pages()
    seen = {known[i : i + 32] for i in range(len(known) - 31)}
    again = np.zeros(len(unseen), dtype=bool)
    for i in range(len(unseen) - 31):
        if unseen[i : i + 32] in seen:
            again[i : i + 32] = True
    assert 0.25 < again.mean() < 0.34 and "a quarter to a third" in CHAPTER
    whole, end = (compressor_bits(unseen, "gzip", part) for part in (known, known[-32768:]))
    assert abs(whole - end) < 0.05  # the rest of the text does nothing for it
    assert compressor_bits(unseen, "gzip") - whole < 0.25
    assert compressor_bits(unseen, "xz", known[-32768:]) - compressor_bits(unseen, "xz", known) > 0.5


@pytest.mark.parametrize("seed", [1, 2])
def test_other_orders_of_the_paragraphs_are_off_by_a_quarter(seed: int) -> None:
    found = micro_batches.updates(seed)
    assert 0.22 < max(abs(one.means / one.tokens - 1) for one in found) < 0.3


def test_scores_that_are_no_log_probabilities() -> None:
    scores = torch.full((20, 1, 11), 3.0)
    given = torch.tensor([[1, 2]]), torch.tensor([20]), torch.tensor([2])
    assert F.ctc_loss(scores, *given, reduction="sum") < 0 < F.ctc_loss(scores.log_softmax(-1), *given, reduction="sum")


def test_padding_in_the_divisor() -> None:
    n, mean = (part[:16] for part in micro_batches.paragraphs())
    sums = (n * mean).sum()
    assert sums / (n.size * n.max()) < 0.5 * sums / n.sum()


# ── Distillation ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_softened_in_every_state() -> None:
    explorer = figures.distilled()
    for student, scores in softening.STUDENTS.items():
        lengths = []
        for temperature in figures.TEMPERATURES:
            s = torch.tensor(scores, requires_grad=True)
            t = torch.tensor(softening.TEACHER)
            q = (t / temperature).softmax(-1)
            loss = F.kl_div((s / temperature).log_softmax(-1), q, reduction="sum")
            loss.backward()
            found = softening.softened(student, temperature)
            assert found.loss == pytest.approx(temperature**2 * loss.item())
            assert found.length_without == pytest.approx(s.grad.norm().item())
            assert found.length == pytest.approx(temperature**2 * s.grad.norm().item())
            assert (np.diff(found.teacher) < 0).all()  # 7, 1, 9, 4, 0
            read = numbers(explorer.set(temperature=temperature, student=student).readout)
            assert read[-2] == pytest.approx(found.length, abs=6e-4)
            lengths.append(found.length)
            low, high = explorer.figure.axes[1].get_ylim()
            assert low < found.length_without < high and low < found.length < high
        assert (np.diff(lengths) > 0).all() and lengths[-1] < softening.limit(student)
        without = [softening.softened(student, t).length_without for t in figures.TEMPERATURES]
        rising = [t for t, less, more in zip(figures.TEMPERATURES, without, without[1:], strict=False) if more > less]
        assert rising == ([0.5, 1.0] if student == "knows the class" else [])  # up to 2, and never for the other
        far = softening.softened(student, 1e4).length
        assert far == pytest.approx(softening.limit(student), rel=1e-3)
        assert lengths[-1] > 0.9 * far  # T² keeps it
    assert softening.softened("knows nothing yet", 1.0).teacher[0] > 0.93
    assert softening.softened("knows nothing yet", 0.5).teacher[0] > 0.99  # nothing to add
    four, eight = (softening.softened("knows nothing yet", t) for t in (4.0, 8.0))
    assert 0.2 < eight.length_without / four.length_without < 0.3 and 0.9 < eight.length / four.length < 1.1


# ── Labels without places ────────────────────────────────────────────────────────────────────────────────────────────


def merged(path: str, order: str) -> str:
    """What a path stands for, by substitution."""
    if order == WRONG:
        path = path.replace("–", "")
    return re.sub(r"(.)\1+", r"\1", path).replace("–", "")


@pytest.mark.parametrize("reading", alignments.READINGS)
def test_every_text_under_every_reading(reading: str) -> None:
    p = alignments.READINGS[reading]
    assert p.sum(axis=1) == pytest.approx(np.ones(4))
    every = ["".join(path) for path in itertools.product("–ab", repeat=4)]
    for order in alignments.ORDERS:
        totals = {text: alignments.alignment(text, reading, order).total for text in alignments.texts()}
        assert math.fsum(totals.values()) == pytest.approx(1)  # each path stands for one text
        for text in alignments.texts():
            expected = {path for path in every if merged(path, order) == text}
            found = alignments.alignment(text, reading, order)
            assert set(found.probabilities) == expected == set(alignments.paths(text, order))
            assert list(found.probabilities.values()) == sorted(found.probabilities.values(), reverse=True)
            if order == RIGHT:
                y = np.array(["–ab".index(letter) for letter in text], dtype=int)
                expected_loss = -math.log(found.total) if found.total else math.inf
                assert expected_loss == pytest.approx(lossbook.ctc(np.log(p), y))
                assert found.total or np.isnan(found.occupancy).all()
                if found.total:
                    np.testing.assert_allclose(found.occupancy, lossbook.ctc_occupancy(np.log(p), y), atol=1e-12)
                    np.testing.assert_allclose(found.steps.sum(axis=2), found.occupancy[:-1], atol=1e-12)
                    slope = lossbook.ctc_grad(np.log(p), y)
                    np.testing.assert_allclose(slope, p - found.occupancy, atol=1e-12)  # ring minus disc
            elif "aa" in text or "bb" in text:
                assert found.total == 0


def test_paths_of_ab_and_of_others() -> None:
    spare = [n for n in itertools.product(range(3), repeat=5) if sum(n) == 2]  # two frames over five places
    runs = {"".join(k * (n + (k != "–")) for k, n in zip("–a–b–", many, strict=True)) for many in spare}
    assert runs == set(alignments.paths("ab"))
    assert len(alignments.paths("ab")) == 15 == math.comb(6, 2) == figures.alignment_paths().predict.answer
    assert set(alignments.paths("ab", WRONG)) - set(alignments.paths("ab")) == {"a–ab", "ab–b"}
    for text in alignments.texts():
        if "aa" not in text and "bb" not in text:
            assert len(alignments.paths(text)) == math.comb(4 + len(text), 4 - len(text))
        needed = digit_rows.frames_needed(list(text))
        assert bool(alignments.paths(text)) == (needed <= 4)
    assert digit_rows.frames_needed(list("aab")) == 4 and digit_rows.frames_needed(list("aaa")) == 5
    assert math.comb(150, 50) > 10**40 and digit_rows.frames_needed(list("hello")) == 6
    for text in ("aab–", "a–bb"):
        assert alignments.text(text) == "ab"
    assert alignments.text("a–ab", WRONG) == "ab" and len(alignments.texts()) == 17


def test_the_best_path_is_not_the_best_text() -> None:
    assert (alignments.greedy("mostly blank"), alignments.best_text("mostly blank")) == ("", "a")
    assert len(alignments.paths("a")) == 10
    assert alignments.alignment("", "mostly blank").total == pytest.approx(0.6**4) == pytest.approx(0.13, abs=0.001)
    assert (alignments.greedy("clear"), alignments.best_text("clear")) == ("ab", "ab")


def test_the_picture_of_the_paths() -> None:
    explorer = figures.alignment_paths()
    trellis, listed, bars = explorer.figure.axes
    for target, reading, order in itertools.product(range(17), alignments.READINGS, alignments.ORDERS):
        readout = explorer.set(target=target, reading=reading, order=order).readout
        text = alignments.texts()[target]
        found = alignments.alignment(text, reading, order)
        shown = [one.get_text().replace(" ", "") for one in listed.texts if one.get_text()]
        assert shown == list(found.probabilities)
        assert ("no path" in readout) == (not shown)
        lit = {
            (x[0] - 1, -y[0], -y[1])
            for line in trellis.lines
            if len(x := line.get_xdata()) == 2 and line.get_linewidth()
            for y in [line.get_ydata()]
        }
        steps = {(t, "–ab".index(path[t]), "–ab".index(path[t + 1])) for path in found.probabilities for t in range(3)}
        assert lit == steps
        new = [path for path in shown if path not in alignments.paths(text)]
        for path in new[:3]:
            assert len(new) > 3 or path in readout
        assert max(bar.get_height() for bar in bars.patches) < bars.get_ylim()[1]
    assert explorer.set(target=4, reading="clear", order=RIGHT).readout.startswith("“ab”: 15 paths, together 0.5025")
    assert explorer.set(target=0).readout.startswith("The empty text: 1 path, together")


# ── Rows of digits ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_are_digits_side_by_side() -> None:
    known, unseen = digit_rows.rows(0)
    assert known.pictures.shape == (2000, 8, 40) and unseen.pictures.shape == (300, 8, 40)
    assert set(known.lengths) == {2, 3, 4} and known.labels.max() == 10
    for y, length in zip(known.labels, known.lengths, strict=True):
        assert (y[:length] > 0).all() and (y[length:] == 0).all()

    def columns(rows: digit_rows.Rows) -> set[bytes]:
        """Every eight columns of a row, at each place."""
        return {picture[:, at : at + 8].tobytes() for picture in rows.pictures[:40] for at in range(33)}

    from sklearn.datasets import load_digits

    images = {image.tobytes() for image in load_digits().images / 16}
    assert columns(known) & images and columns(unseen) & images
    assert not columns(known) & columns(unseen) & images  # digits that the network has not met


def test_a_row_has_gaps_before_between_and_behind_its_digits() -> None:
    pictures = digit_rows.rows()[1].pictures
    for end in (slice(None, 4), slice(-4, None)):
        empty = (pictures[:, :, end] == 0).all(axis=(1, 2)).mean()
        assert 0.05 < empty < 0.95


def test_a_reader_is_judged_after_its_last_step() -> None:
    assert len(digit_rows.train_reader(0, steps=1).path) == 2, "before it, and after it"


@pytest.mark.seeds
@seeds
def test_a_network_learns_to_read_and_is_peaky(seed: int) -> None:
    run = digit_rows.train_reader(seed)
    unseen = digit_rows.rows(seed)[1]
    assert run.exact > 0.85 and run.exact_repeats > 0.8 and 0.65 < run.blank < 0.9
    frames_a_digit = (1 - run.blank) * digit_rows.FRAMES / unseen.lengths.mean()
    assert 1 < frames_a_digit < 2  # eight columns are four frames
    assert np.ptp(run.said[0].mean(axis=1), axis=1).max() < 0.1  # at first all classes are about alike
    assert (run.said[0, :, :, 0].mean(axis=1) < 0.15).all() and (run.said[5:, :, :, 0].mean(axis=2) > 0.6).all()


@pytest.mark.seeds
@seeds
def test_the_blank_plateau_is_the_best_constant(seed: int) -> None:
    stuck = digit_rows.train_reader(seed, norm=False)
    constant, share = digit_rows.best_constant(seed)
    assert stuck.exact == 0 and stuck.blank > 0.99
    assert stuck.path[0] > 4 * np.mean(stuck.path[-20:])  # come down by a factor of four
    assert abs(np.mean(stuck.path[-20:]) - constant) < 0.5 and 0.8 < share < 0.9
    patient = digit_rows.train_reader(seed, norm=False, steps=700)
    assert np.mean(patient.path[-20:]) < 2 and patient.exact > 0.4


def test_the_best_constant_by_the_losses_of_all_rows() -> None:
    """Of the rows themselves, by PyTorch: the same at the same share of blanks, and more on either side."""
    known, _ = digit_rows.rows(0)
    value, share = digit_rows.best_constant(0)
    found = []
    for blank in (share - 0.01, share, share + 0.01):
        p = torch.tensor([blank] + [(1 - blank) / 10] * 10, dtype=torch.float64)
        log_p = p.log().expand(digit_rows.FRAMES, 2000, 11)
        labels, lengths = torch.tensor(known.labels), torch.tensor(known.lengths)
        losses = F.ctc_loss(log_p, labels, torch.full((2000,), digit_rows.FRAMES), lengths, reduction="none")
        found.append(losses.mean().item())
    assert found[1] == pytest.approx(value, rel=1e-9) and found[1] < min(found[0], found[2])


@pytest.mark.seeds
@seeds
def test_a_label_that_is_the_blank(seed: int) -> None:
    run = digit_rows.train_reader(seed, shifted=False)
    assert np.mean(run.path[-20:]) < -0.3 and run.seen_digits[0] == 0 and (run.seen_digits[1:] > 30).all()


def test_a_row_too_long_for_its_frames() -> None:
    known, _ = digit_rows.rows(0)
    need = [digit_rows.frames_needed(y[:u]) for y, u in zip(known.labels, known.lengths, strict=True)]
    too_long = next(i for i, frames in enumerate(need) if frames > 4)
    y = known.labels[too_long, : known.lengths[too_long]]
    assert lossbook.ctc(np.zeros((4, 11)), y) == math.inf and lossbook.ctc(np.zeros((need[too_long], 11)), y) < 99
    assert 0.02 < np.mean(np.array(need) > 4) < 0.2


def test_the_mean_of_pytorch_divides_by_labels() -> None:
    known, _ = digit_rows.rows(0)
    log_p = torch.zeros(digit_rows.FRAMES, 32, 11).log_softmax(-1)
    lengths = torch.tensor(known.lengths[:32])
    given = log_p, torch.tensor(known.labels[:32]), torch.full((32,), digit_rows.FRAMES), lengths
    each = F.ctc_loss(*given, reduction="none")
    assert F.ctc_loss(*given).item() == pytest.approx((each / lengths).mean().item())
    assert 2.5 < each.mean() / F.ctc_loss(*given) < 3.5


def test_the_picture_of_a_reading() -> None:
    said = np.full((10, 1, 20, 11), 0.01)
    said[..., 0] = 0.9
    said[-1, 0, 4], said[-1, 0, 11] = 0.0, 0.0
    said[-1, 0, 4, 3], said[-1, 0, 11, 3] = 1.0, 1.0  # the digit 2, twice
    run = digit_rows.Reading([1.0], said, 1.0, 1.0, 0.9, np.zeros(10, dtype=int))
    rows = digit_rows.Rows(np.zeros((1, 8, 40)), np.array([[3, 3, 0, 0]]), np.array([2]))
    explorer = figures.digit_readings({"one": run, "other": run}, rows)
    assert explorer.readout == "one, after 200 steps: the row 22 is read as 22; 90% of its frames are blank."
    assert "read as nothing; 100%" in explorer.set(stage=0).readout
    assert len(digit_rows.STAGES) == 10 and digit_rows.STAGES[-1] == digit_rows.STEPS


def test_text_alternatives_say_what_is_drawn() -> None:
    """The numbers in them are those of the default states."""
    explorer = figures.micro_batches()
    assert "2.5, " in explorer.alt and "1.9" in explorer.alt and numbers(explorer.readout)[4:6] == [1.9, 2.5]
    assert numbers(explorer.readout)[-1] == 4 and "four times" in explorer.alt
    row = next_word.counted()[next_word.WORDS.index("dog")]
    assert [word for word, p in zip(next_word.WORDS, row, strict=True) if p] == ["sat", "."]
    assert figures.next_words().readout.startswith("“saw” after “dog”") and len(next_word.WORDS) == 9
    found = [cuts.cut_sentence(cut, 1) for cut in cuts.CUTS]
    assert round(found[1].bits_per_byte, 1) == 2.3 and len(found[1].costs) == 19
    assert round(found[0].perplexity) == 5 and round(math.log10(found[-1].perplexity)) == 14
    first = softening.softened("knows nothing yet", 1.0)
    assert round(first.teacher[0], 2) == 0.93 and first.student == pytest.approx(np.full(5, 0.2))
    totals = {text: alignments.alignment(text, "clear").total for text in alignments.texts()}
    assert max(totals, key=lambda text: totals[text]) == "ab"
    bars = figures.compression({"a model": 1.5}, {"a program": 2.25})
    assert "the longest on the bottom: a program 2.25; a model 1.50." in bars.alt and bars.readout == ""


def test_rows_of_the_reading_and_their_words() -> None:
    clear = [[0.2, 0.7, 0.1], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6], [0.6, 0.1, 0.3]]
    assert alignments.READINGS["clear"].tolist() == clear
    assert alignments.READINGS["mostly blank"].tolist() == [[0.6, 0.35, 0.05]] * 4
    assert alignments.path_probability("a–b–", "clear") == pytest.approx(0.7 * 0.5 * 0.6 * 0.6)
    short = ["", "a", "b", "aa", "ab", "ba", "bb", "aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"]
    assert alignments.texts() == (*short, "abab", "baba")


def test_tokens_one_by_one() -> None:
    costs = cuts.model(3).costs("we wait by the café".encode())
    for cut, lengths in {
        "pairs of letters": [2] * 9 + [2],
        "words": [3, 5, 3, 4, 5],
        "letters": [1] * 18 + [2],
    }.items():
        found = cuts.cut_sentence(cut, 3)
        assert found.lengths.tolist() == lengths and found.costs.sum() == pytest.approx(costs.sum())
        assert found.costs[0] == pytest.approx(costs[: lengths[0]].sum())
        assert found.costs[-1] == pytest.approx(costs[-lengths[-1] :].sum())
    assert cuts.ORDERS == (0, 1, 3) and next_word.WORDS == ("cat", "dog", "mat", "on", "rug", "sat", "saw", "the", ".")
    with pytest.raises(ValueError, match="share must"):
        next_word.table(1.1)


def test_what_the_student_is_told() -> None:
    assert softening.TEACHER.tolist() == [6, 3, 2, 0, -3]
    assert [list(scores) for scores in softening.STUDENTS.values()] == [[0] * 5, [6, 0, 0, 0, 0]]
    found = softening.softened("knows the class", 2.0)
    teacher, student = (np.exp(np.array(s) / 2) for s in ([6, 3, 2, 0, -3], [6, 0, 0, 0, 0]))
    teacher, student = teacher / teacher.sum(), student / student.sum()
    assert found.teacher == pytest.approx(teacher) and found.student == pytest.approx(student)
    assert found.gradient == pytest.approx(2 * (student - teacher))  # T² of it, and 1/T by the chain rule
    assert softening.limit("knows nothing yet") == pytest.approx(math.sqrt(36 + 9 + 4 + 9 - 5 * 1.6**2) / 5)


def test_updates_one_by_one() -> None:
    unseen, costs = help_pages.pages().unseen, help_pages.counted(4)
    pieces = [piece for piece in re.split(rb"(?<=\n\n)(?!\n)", unseen) if piece]
    found = micro_batches.paragraphs()
    assert found.lengths.tolist() == [len(piece) for piece in pieces]
    ends = np.cumsum(found.lengths)
    assert found.losses[3] == pytest.approx(costs[ends[2] : ends[3]].mean())
    order = np.random.default_rng(0).permutation(len(pieces))
    updates = micro_batches.updates()
    assert len(updates) == len(pieces) // 8  # four micro-batches of two
    assert len(micro_batches.updates(0, 1, 3)) == len(pieces) // 3
    for k in (0, 1, len(updates) - 1):
        n, total = [], []
        for a, b in order[8 * k : 8 * k + 8].reshape(4, 2):
            n.append(found.lengths[a] + found.lengths[b])
            total.append(sum(costs[ends[i] - found.lengths[i] : ends[i]].sum() for i in (a, b)))
        expected = (sum(total) / sum(n), np.mean(np.divide(total, n)), max(n) / min(n))
        assert updates[k] == pytest.approx(expected)
    for counts, losses in (([], []), ([-1], [1.0]), ([1, 2], [1.0])):
        with pytest.raises(ValueError, match=r"counts|losses"):
            micro_batches.two_means(counts, losses)


def test_what_an_unseen_byte_costs() -> None:
    known, unseen = help_pages.pages()
    assert help_pages.LENGTH == 400_000 and help_pages.ORDERS == (0, 1, 2, 3, 4, 5)
    assert help_pages.bits(math.log(8)) == pytest.approx(3)
    u, n = len(set(known)), len(known)
    plain = (np.array([known.count(byte) for byte in unseen[:5]]) + u / 256) / (n + u)
    assert help_pages.counted(0)[:5] == pytest.approx(-np.log(plain))
    after = [known[i + 1] for i in range(n - 1) if known[i] == known[-1]]  # the first byte has one before it too
    first = (known.count(unseen[0]) + u / 256) / (n + u)
    kinds = len(set(after))
    expected = (after.count(unseen[0]) + kinds * first) / (len(after) + kinds)
    assert help_pages.counted(1)[0] == pytest.approx(-math.log(expected))


@pytest.mark.parametrize("ahead", [1, 0])
def test_the_first_steps_of_the_reader_of_bytes(ahead: int) -> None:
    """Bengio's network once more, by its matrices."""
    known, unseen = (np.frombuffer(part, dtype=np.uint8).astype(int) for part in help_pages.pages())
    found = help_pages.train_reader(1, 3, ahead)
    torch.manual_seed(1)
    table, _, first, _, last = parts = (
        torch.nn.Embedding(256, 24),
        None,
        torch.nn.Linear(192, 128),
        None,
        torch.nn.Linear(128, 256),
    )
    optimiser = torch.optim.Adam([p for part in parts if part for p in part.parameters()])

    def costs(text: np.ndarray, start: np.ndarray) -> torch.Tensor:
        seen = torch.tensor(text[start[:, None] + np.arange(8)])
        s = last(first(table(seen).reshape(-1, 192)).clamp(min=0))
        label = torch.tensor(text[start + 7 + ahead])
        return s.logsumexp(1) - s[torch.arange(len(s)), label]

    path = []
    for rate in (5e-3, 5e-3 * (1 - 0.95 / 3), 5e-3 * (1 - 2 * 0.95 / 3)):  # down to a twentieth
        loss = costs(known, torch.randint(0, len(known) - 8, (256, 1)).numpy()[:, 0]).mean()
        optimiser.param_groups[0]["lr"] = rate
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        path.append(loss.item())
    assert found.path == pytest.approx(path, rel=1e-4) and len(found.costs) == len(unseen)
    with torch.no_grad():
        whole = np.concatenate([known[-8:], unseen])
        few = costs(whole, np.arange(200)).numpy()
    assert found.costs[:200] == pytest.approx(few, rel=1e-3)


@pytest.mark.parametrize(("norm", "shifted"), [(True, True), (False, True), (True, False)])
def test_the_first_steps_of_the_reader_of_digits(norm: bool, shifted: bool) -> None:
    """Four convolutions of width 5, the second one by two, and Adam with a rate of 0.003; the loss by the package."""
    known, unseen = digit_rows.rows(0)
    found = digit_rows.train_reader(0, norm, 1, shifted)
    torch.manual_seed(0)
    layers, extra = [], []
    for inputs, stride in ((8, 1), (32, 2), (32, 1)):
        layers.append(torch.nn.Conv1d(inputs, 32, 5, stride=stride, padding=2))
        extra.append(torch.nn.BatchNorm1d(32) if norm else torch.nn.Identity())
    layers.append(torch.nn.Conv1d(32, 11, 1))
    optimiser = torch.optim.Adam([p for part in (*layers, *extra) for p in part.parameters()], lr=0.003)

    def spoken(pictures: np.ndarray, training: bool) -> torch.Tensor:
        x = torch.tensor(pictures).float()
        for layer, after in zip(layers, extra, strict=False):
            x = after.train(training)(layer(x)).relu()
        return layers[-1](x).transpose(1, 2)

    start = spoken(unseen.pictures[:3], False).softmax(-1).detach().numpy()
    assert start.shape[1:] == (20, 11)
    np.testing.assert_allclose(found.said, start[None], atol=1e-6)
    path = []
    for _ in range(2):
        batch = torch.randint(0, 2000, (32,)).numpy()
        log_p = spoken(known.pictures[batch], True).log_softmax(-1)
        labels = known.labels[batch] if shifted else np.maximum(known.labels[batch] - 1, 0)
        labels, lengths = torch.tensor(labels), torch.tensor(known.lengths[batch])
        each = F.ctc_loss(log_p.transpose(0, 1), labels, torch.full((32,), 20), lengths, reduction="none")
        optimiser.zero_grad()
        each.mean().backward()
        optimiser.step()
        path.append(each.mean().item())
    assert found.path == pytest.approx(path, rel=1e-4)
    if shifted:
        y = [row[:length].tolist() for row, length in zip(labels.numpy(), lengths.numpy(), strict=True)]
        losses = [lossbook.ctc(log_p[i].detach().double().numpy(), y[i]) for i in range(32)]
        assert np.mean(losses) == pytest.approx(path[-1], rel=1e-4)
    judged = spoken(unseen.pictures, False).argmax(-1).numpy()
    assert found.blank == pytest.approx((judged == 0).mean(), abs=1e-3)


def test_a_reading_is_judged_by_hand() -> None:
    rows = digit_rows.Rows(
        np.zeros((3, 8, 40)), np.array([[3, 3, 0, 0], [1, 10, 4, 0], [5, 6, 6, 0]]), np.array([2, 3, 3])
    )
    said = np.zeros((3, 8, 11))
    for row, path in enumerate(([3, 3, 0, 3, 0, 0, 0, 0], [1, 10, 10, 0, 0, 4, 4, 0], [5, 6, 6, 6, 0, 0, 0, 0])):
        said[row, range(8), path] = 1
    exact, repeats, blank, read = digit_rows._judged(said, rows, True)
    assert exact == pytest.approx(2 / 3) and repeats == 0.5 and blank == pytest.approx(12 / 24)
    assert read.tolist() == [1, 0, 2, 1, 1, 1, 0, 0, 0, 1]
    *_, same = digit_rows._judged(said, rows, False)  # labels are digits: the eleventh class is none
    assert same.tolist() == [0, 1, 0, 2, 1, 1, 1, 0, 0, 0]


# ── Slips ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_slips_by_hand() -> None:
    assert lossbook.perplexity(-np.log([1 / 2, 1 / 8])) == pytest.approx(4)
    assert lossbook.bits_per_byte(-np.log([1 / 2, 1 / 8]), 4) == pytest.approx(1)
    assert micro_batches.two_means([10, 90], [3.0, 1.0])[:2] == (1.2, 2.0)
    assert micro_batches.two_means([2], [3.0]) == (3, 3, 1)
    assert alignments.alignment("aa", "all alike").total == pytest.approx(5 / 81)
    assert alignments.alignment("aa", "all alike", WRONG).total == 0
    frames = torch.zeros(2, 1, 3, requires_grad=True)
    given = torch.tensor([[1, 1]]), torch.tensor([2]), torch.tensor([2])
    assert F.ctc_loss(frames.log_softmax(-1), *given).item() == math.inf == lossbook.ctc(np.zeros((2, 3)), [1, 1])
    hidden = F.ctc_loss(frames.log_softmax(-1), *given, zero_infinity=True)
    hidden.backward()
    assert hidden.item() == 0 and not frames.grad.any()
    loss, mask = np.array([2.0, 1.0, 1.0, 1.0]), np.array([1, 0, 0, 0])
    assert (loss * mask).mean() == 0.5 == (loss * mask).sum() / mask.sum() / 4  # three of four places padded
    assert lossbook.softmax(np.array([0.0, 800.0]))[0] == 0  # it underflows, and the loss does not
    assert lossbook.sequence_cross_entropy([[0.0, 800.0]], [0]) == pytest.approx(800)
    for anchor in re.findall(r"\]\((sequences-\w+)\)", CHAPTER):
        assert f"({anchor})=" in CHAPTER


def _recursion(
    p: np.ndarray, labels: np.ndarray, *, best: bool = False, first: int = 0, start: int = 2, last: int = 2
) -> float:
    """The forward recursion, written once more, with a slip if wanted."""
    states = [0]
    for label in labels:
        states += [int(label), 0]
    row = [p[0, k] if first <= j < start else 0.0 for j, k in enumerate(states)]
    for frame in p[1:]:
        new = []
        for j, k in enumerate(states):
            come = [row[i] for i in range(max(j - 1, 0), j + 1)]
            if j > 1 and k and k != states[j - 2]:
                come.append(row[j - 2])
            new.append((max(come) if best else sum(come)) * frame[k])
        row = new
    ends = row[-2:][:last]
    return float(max(ends) if best else sum(ends))


@pytest.mark.parametrize(
    ("id", "answer", "heard"),
    [
        ("perplexity-by-hand", 42.67, "after"),
        ("perplexity-by-hand", 22, "You added"),
        ("perplexity-by-hand", 0.0078, "of all three"),
        ("perplexity-by-hand", 16, "dearest"),
        ("bits-per-byte", 8, "nats still"),
        ("bits-per-byte", 0.18, "twice"),
        ("bits-per-byte", 0.217, "base 10"),
        ("frames-of-hello", 8, "first and the last"),
        ("two-frames", 0.75, "not equally probable"),
        ("two-frames", 0.6, "blank in one frame"),
        ("two-frames", 0.52, "same in both frames"),
        ("two-frames", 0.4, "two of the three paths"),
        ("accumulation-bug", lambda losses, mask: (losses[-1] * mask[-1]).sum() / mask.sum(), "Only the last"),
        ("accumulation-bug", lambda losses, mask: sum((losses * mask).mean(axis=1)), "means over all places"),
        (
            "collapse-code",
            lambda path, blank: [
                int(path[t]) for t in range(len(path) - 1) if path[t] != blank and path[t] != path[t + 1]
            ],
            "last frame is lost",
        ),
        ("forward-code", lambda p, labels: math.log(_recursion(p, labels)), "*log*-probability"),
        ("forward-code", lambda p, labels: _recursion(p, labels, best=True), "took the maximum"),
        ("forward-code", lambda p, labels: _recursion(p, labels, first=1), "start with a blank"),
        ("forward-code", lambda p, labels: _recursion(p, labels, start=99), "start in any state"),
        ("forward-code", lambda p, labels: _recursion(p, labels, last=1), "end with a blank"),
    ],
)
def test_likely_wrong_answers_are_heard_by_name(id: str, answer: object, heard: str) -> None:
    result = check(f"sequences-{id}", answer)
    assert not result.right and heard in " ".join(result.messages)


def test_the_recursion_written_once_more_is_right() -> None:
    assert check("sequences-forward-code", _recursion).right


def test_a_token_of_the_first_micro_batch_pulls_four_times_as_hard() -> None:
    assert figures.micro_batches().predict.answer == pytest.approx(12 / 3)
