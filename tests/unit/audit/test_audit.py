"""audit(): planted hazards and their mended twins, sound models and their mutants, texts, data."""

import functools
import html
import itertools
import re
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, losses

import lossbook as lb
from lossbook._audit import HAZARDS, SEVERITIES, Finding, Findings
from lossbook._audit.checks import batches, class_weights, masks, terms
from lossbook._audit.checks.given import structure
from lossbook._audit.checks.weights import axes, sums
from lossbook._audit.examples import coins, compiled, drawn, passing, simplex, two_outputs
from lossbook._audit.finding import ordered
from lossbook._core.arrays import installed_keras
from tests.unit.audit import planted
from tests.unit.audit.fixes import applied, audited, codes
from tests.unit.audit.models import PLANS, build, delivered, mutants, problems
from tests.unit.audit.planted import BACKEND, LATER, PLANTED, VERSION

pytestmark = pytest.mark.filterwarnings(  # what Keras itself says, before audit and in it
    "ignore:Layer '.*' \\(of type .*\\) was passed an input with a mask",
    "ignore:You are using a softmax over axis -1",
    "ignore:.* received `from_logits=True`, but the `output` argument was produced by",
    "ignore:Your input ran out of data",
    "ignore:The structure of `inputs` doesn't match",  # a list of one, on JAX
    "ignore:Casting complex values",
)
NAMES = [plant.__name__ for _, plant in PLANTED]
BOOK = Path(__file__).parents[3] / "book"


@functools.cache
def audited_plant(plant):
    return audited(plant())


# --- planted hazards


@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=NAMES)
def test_a_planted_hazard_is_found_and_every_way_out_is_clean(code, plant):
    findings = audited_plant(plant)
    assert code in codes(findings)
    assert set(codes(findings, "error")) <= {code}
    hazard = HAZARDS[code]
    for way in range(1, len(hazard.ways) + 1) if plant is hazard.planted else [True]:
        twin = audited(plant(mended=way))
        assert code not in codes(twin) and not codes(twin, "error"), way


OWN = "the reader's own code has to change"
MODEL = "the model needs another layer, or other settings of one"
DATA = "only the reader knows what the data mean"
NOT_CODE = {  # planted cases whose fix no test can paste: their ways out are run, above
    **dict.fromkeys(("misspelt", "quantiles_in_a_loop", "mask_unused", "added_by_row"), OWN),
    **dict.fromkeys(("without_targets", "rounded", "chosen_too_late", "infinite_loss"), OWN),
    **dict.fromkeys(("own_tracker", "own_result", "all_pairs", "without_the_penalty"), OWN),
    **dict.fromkeys(("tensor_returned", "counted_once", "masked_scalar"), OWN),
    **dict.fromkeys(("softmax_of_a_softmax", "mask_lost_in_a_subclass"), OWN),
    **dict.fromkeys(("class_weights_along_the_batch", "counts_its_calls"), OWN),
    **dict.fromkeys(("masked_throughout", "penalised", "mask_lost_in_arithmetic"), MODEL),
    **dict.fromkeys(("normalised_over_the_batch", "labels_of_a_class_too_many"), MODEL),
    **dict.fromkeys(("targets_refused", "class_weight_on_numbers"), DATA),
    "scores_of_the_batch": "runs of one batch size can be compared, which no run shows",
}


@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=NAMES)
def test_the_fix_of_a_planted_hazard_is_code_that_ends_it(code, plant):
    (finding,) = (f for f in audited_plant(plant) if f.code == code)
    if plant.__name__ in NOT_CODE:
        assert "`" not in finding.fix
        return
    mended = audited(applied(finding, plant()))
    assert code not in codes(mended) and not codes(mended, "error")


@pytest.mark.parametrize("code", [code for code in HAZARDS if code not in LATER])
def test_the_example_of_a_hazard_has_that_finding_alone(code):
    found = set(codes(audited_plant(HAZARDS[code].planted)))
    assert found - ({"reduction-sum"} if code == "short-batch" else set()) == {code}


@pytest.mark.skipif(BACKEND != "tensorflow" or VERSION < (3, 15), reason="texts of one backend")
@pytest.mark.parametrize(("code", "plant"), PLANTED, ids=NAMES)
def test_what_a_finding_says(code, plant, snapshot):
    """Keras's own words are left out; `pytest --snapshot-update` writes the texts anew."""
    (finding,) = (f for f in audited_plant(plant) if f.code == code)
    evidence = {name: value for name, value in finding.evidence.items() if name != "Keras"}
    text = str(replace(finding, evidence=evidence)).replace(installed_keras(), "(version)")
    # Keras counts the layers that it names: another test may have made the first one.
    assert re.sub(r"'(masking|multiply)_\d+'", r"'\1'", text) == snapshot


def test_a_hazard_has_a_severity_a_chapter_a_place_and_an_example():
    assert len({hazard.place for hazard in HAZARDS.values()}) == len(HAZARDS) == 88
    for code, hazard in HAZARDS.items():
        assert hazard.severity in SEVERITIES and hazard.planted is not None, code
        assert hazard.ways and not any(way.endswith(".") for way in hazard.ways), code
        numbered = list(BOOK.glob(f"{hazard.chapter[:2]}_*.ipynb"))
        assert not numbered or [path.name for path in numbered] == [hazard.chapter]


@pytest.mark.parametrize(
    "plant",
    [
        axes.weights_refused,
        planted.targets_refused,
        masks.mask_refused,
        class_weights.class_weight_on_images,
        structure.another_name,
        terms.weights_from_a_file,
    ],
)
def test_where_keras_fails_its_own_words_are_the_evidence(plant):
    case = plant()
    with pytest.raises(Exception) as caught:
        if "class_weight" in case.data:
            case.model.fit(**case.data, verbose=0)
        else:
            case.model.evaluate(**case.data, verbose=0)
    (finding,) = audited(plant())
    kind, _, words = finding.evidence["Keras"].partition(": ")
    assert kind == type(caught.value).__name__
    if BACKEND == "tensorflow":
        assert words[:40] in str(caught.value)


# --- sound models, and what makes them unsound


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_a_sound_model_has_no_error_and_its_mutants_have_one(plan):
    """One mutation of every plan; `python -m tests.unit.audit.models` takes them all."""
    sound = problems(audited(delivered(plan, build(plan))))
    assert sound <= ({"gradient-nan"} if plan.name == "directions" else set())  # see below
    for name, code, case in itertools.islice(mutants(plan, start=PLANS.index(plan)), 1):
        assert not problems(audited(case), code), name


def test_a_row_of_zeros_has_no_direction():
    """What Keras's CosineSimilarity gives there differs by backend; audit says what it measures."""
    as_it_is = layers.Dense(4, use_bias=False, kernel_initializer="identity")
    model = compiled(keras.Sequential([keras.Input((4,)), as_it_is]), losses.CosineSimilarity())
    x, y = drawn(6, 4), drawn(6, 4, seed=1)
    x[2] = 0
    found = codes(lb.audit(model, x, y))
    model.fit(x, y, verbose=0)
    spoilt = np.isnan(model.get_weights()[0]).any()
    assert ("gradient-nan" in found) == spoilt == (BACKEND != "tensorflow")


def test_there_are_sound_models_of_many_kinds():
    assert len({plan.name for plan in PLANS}) == len(PLANS) >= 25
    assert len({plan.body for plan in PLANS}) >= 8
    assert len({str(plan.loss) for plan in PLANS}) >= 15


# --- the list of findings, and how it looks


def test_a_finding_is_frozen():
    (finding,) = audited(axes.weights_along_time())
    with pytest.raises(AttributeError):
        finding.code = "other"
    assert isinstance(finding, Finding)


def test_evidence_is_what_keras_computes():
    case = axes.weights_along_time()
    evidence = audited(case)[0].evidence
    loss = case.model.evaluate(**case.data, verbose=0)
    assert evidence["this batch"] == pytest.approx(loss, rel=1e-5)
    case.data["sample_weight"] = case.data["sample_weight"][:, None]
    loss = case.model.evaluate(**case.data, verbose=0)
    assert evidence["with weights (4, 1)"] == pytest.approx(loss, rel=1e-5)


def test_errors_come_first_and_then_the_order_of_the_path():
    along = sorted(HAZARDS.values(), key=lambda hazard: hazard.place)
    found = [hazard.found(hazard.code, "fix", {}) for hazard in reversed(along)]
    findings = ordered([*found, found[0]])
    assert len(findings) == len(HAZARDS)
    assert [SEVERITIES.index(f.severity) for f in findings] == sorted(
        SEVERITIES.index(f.severity) for f in findings
    )
    assert codes(findings, "error") == [h.code for h in along if h.severity == "error"]


def test_nothing_found():
    findings = audited(batches.summed(mended=True))
    assert findings == () and isinstance(findings, Findings)
    seen = (
        "Seen: 4 rows, 1 batch, 1 output ('out'). Checked: structure, targets, predictions, "
        "values. Not: weights (none), class weights (none), masks (none), additional losses "
        "(none), what depends on the batch (one batch alone)."
    )
    assert repr(findings) == f"Nothing found.\n{seen}"
    page = f'<div class="lossbook"><p>Nothing found.</p><p>{html.escape(seen)}</p></div>'
    assert findings._repr_html_() == page


def test_the_list_reads_as_text_and_as_html():
    findings = audited(batches.sum_in_batches())
    text, page = repr(findings), findings._repr_html_()
    assert text.splitlines()[0] == "2 warnings found."
    for finding in findings:
        assert str(finding) in text
        assert html.escape(finding.message) in page and html.escape(finding.fix) in page
    assert page.count("<details") == page.count("</details>") == 2


def test_a_hostile_layer_name_is_escaped():
    name = '<script>alert("1")</script>\'🙂'
    name = name.replace("/", "")  # Keras refuses a slash
    inputs = keras.Input((4, 1))
    outputs = layers.Activation("linear", name=name)(inputs)
    model = compiled(keras.Model(inputs, outputs), "mse")
    findings = lb.audit(
        model, drawn(4, 4, 1), drawn(4, 4, 1), sample_weight=np.arange(1.0, 5.0, dtype="float32")
    )
    page = findings._repr_html_()
    assert "weights-axis" in codes(findings) and "🙂" in page
    assert "<script" not in page and "&lt;script&gt;" in page
    assert set(re.findall(r"<(/?\w+)", page)) <= {
        *("div", "/div", "p", "/p", "details", "/details", "summary", "/summary"),
        *("strong", "/strong", "ul", "/ul", "li", "/li", "code", "/code"),
    }


# --- data and modes


def in_batches(case, size=2):
    """Yield the data of a case in batches."""
    parts = [case.data[name] for name in ("x", "y", "sample_weight") if name in case.data]
    for i in range(0, len(parts[0]), size):
        yield tuple(part[i : i + size] for part in parts)


def test_a_generator_is_consumed_once():
    case, taken = sums.zero_weights(), []

    def counted():
        for batch in in_batches(case):
            taken.append(len(batch))
            yield batch

    assert codes(lb.audit(case.model, counted())) == ["weights-zero"]
    assert len(taken) == 2


def test_a_generator_that_keras_refuses():
    case = planted.targets_refused()
    assert codes(lb.audit(case.model, in_batches(case))) == ["targets-refused"]


@pytest.mark.skipif(BACKEND != "tensorflow", reason="tf.data")
def test_a_dataset_with_class_weights():
    import tensorflow as tf

    case = class_weights.class_weight_without_a_class()
    dataset = tf.data.Dataset.from_tensor_slices((case.data["x"], case.data["y"])).batch(2)
    weight = {0: 0.5, 1: 1.0, 2: 1.5}
    assert codes(lb.audit(case.model, dataset, class_weight=weight)) == []
    del weight[2]  # an array weighs it 1; of a dataset the lookup fails, at the second batch
    (finding,) = lb.audit(case.model, dataset, class_weight=weight)
    assert finding.code == "class-weight-refused" and "Keras" in finding.evidence
    assert finding.message.startswith("fit cannot look these classes up in a tf.data.Dataset")
    mended = {}
    exec(finding.fix.split("`")[1], {"class_weight": weight}, mended)
    assert "class-weight-refused" not in codes(lb.audit(case.model, dataset, **mended))


def test_class_weights_of_several_outputs_and_of_a_generator():
    case = two_outputs(None)
    (finding,) = lb.audit(case.model, **case.data, class_weight={0: 1.0})
    assert finding.code == "class-weight-refused"
    assert finding.message == (
        "class_weight is for models with a single output, and for data that fit can map: fit fails."
    )
    case = batches.summed(mended=True)
    (finding,) = lb.audit(case.model, in_batches(case), class_weight={0: 1.0})
    assert finding.code == "class-weight-refused"


@pytest.mark.parametrize("mode", [{"jit_compile": False}, {"jit_compile": True}])
@pytest.mark.parametrize(
    "plant",
    [
        planted.mask_lost_in_a_subclass,
        axes.weights_refused,
        planted.flag_on_softmax,
        planted.labels_of_a_class_too_many,
    ],
)
def test_compiled_steps(plant, mode):
    if BACKEND == "torch":
        pytest.skip("PyTorch's compiler is not installed everywhere")
    case = plant()
    model = case.model
    case.model.compile(optimizer="sgd", loss=model.loss, **mode)
    assert codes(audited(case)) == codes(audited(plant()))
    assert not model.run_eagerly


def test_several_steps_and_batches_of_a_mask():
    case = masks.masks_in_batches()
    assert codes(lb.audit(case.model, **case.data, steps=1)) == []


@pytest.mark.parametrize("weighed", [False, True])
def test_small_batches_that_are_put_together_say_the_same(weighed, monkeypatch):
    """Batches of 4, 4, ... and 2 rows, with a rare class, zeros among the weights, odd rows."""
    y, p = np.arange(50) % 10 == 7, drawn(50, 3, seed=2)
    p[:, 0] += 1 - p.sum(1)
    p[::9, 1] += 0.5
    y = np.eye(3, dtype="float32")[np.where(y, 2, np.arange(50) % 2)]
    weight = {"sample_weight": np.arange(50) % 3.0} if weighed else {}
    case = passing(p, y, "categorical_crossentropy", batch_size=4, **weight)
    put_together = audited(case)
    monkeypatch.setattr("lossbook._audit.together._ENOUGH", 0)  # now each comes alone
    assert str(put_together) == str(audited(case)) and codes(put_together)
    assert ("weights-zero" in codes(put_together)) == weighed


def test_an_output_is_named_whose_loss_is_shared():
    inputs = keras.Input((3,))
    outputs = [layers.Activation("linear", name=name)(inputs) for name in ("near", "far")]
    shared = losses.MeanSquaredError()
    model = compiled(keras.Model(inputs, outputs), [shared, shared])
    y = [drawn(4, 3), drawn(4, 2)]
    (finding,) = lb.audit(model, drawn(4, 3, seed=1), y)
    assert finding.code == "targets-refused" and finding.message.startswith("Output 'far': ")


def test_the_model_is_left_as_it_was():
    before = {owner: owner.__call__ for owner in (keras.Layer, keras.Operation, keras.losses.Loss)}
    for plant in (sums.zero_weights, axes.weights_refused):
        case = plant()
        before_it = [np.array(w) for w in case.model.weights]
        audited(case)
        assert {owner: owner.__call__ for owner in before} == before
        for old, new in zip(before_it, case.model.weights, strict=True):
            np.testing.assert_array_equal(old, np.array(new))
    case = terms.penalised()
    loss = case.model.evaluate(**case.data, verbose=0)
    audited(case)
    assert case.model.evaluate(**case.data, verbose=0) == loss


def test_after_a_failure_the_model_still_works():
    case = terms.penalised()
    broken = {**case.data, "sample_weight": drawn(4, 3)}
    assert codes(lb.audit(case.model, **broken), "error") == ["weights-refused"]
    assert np.isfinite(case.model.evaluate(**case.data, verbose=0))


def test_an_error_of_the_model_itself_comes_through():
    case = terms.penalised()
    with pytest.raises(ValueError, match=r"incompatible with the layer|expected"):
        lb.audit(case.model, drawn(4, 7), drawn(4, 1))


# --- what audit refuses


def test_refusals_name_audit():
    with pytest.raises(TypeError, match=r"^audit takes a compiled keras\.Model\. Received: str\."):
        lb.audit("model", drawn(4, 3))
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(1)(inputs))
    with pytest.raises(ValueError, match=r"^audit needs a compiled model"):
        lb.audit(model, drawn(4, 3), drawn(4, 1))


# --- cases that look like hazards and are none


def no_error(case):
    findings = audited(case)
    assert not codes(findings, "error"), findings


class Widths(keras.utils.PyDataset):
    """Batches in which each row chooses among another number of candidates; one has no choice."""

    def __init__(self, sparse):
        super().__init__()
        self.sparse = sparse

    def __len__(self):
        return 4

    def __getitem__(self, index):
        count = (5, 9, 5, 1)[index]
        chosen = np.arange(8) % count
        x = np.random.default_rng(index).normal(size=(8, count, 4)).astype("float32")
        return x, chosen if self.sparse else np.eye(count, dtype="float32")[chosen]


@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("binary_crossentropy", "sigmoid"),
        ("categorical_crossentropy", "softmax"),
        ("sparse_categorical_crossentropy", "softmax"),
    ],
)
def test_batches_of_other_numbers_of_classes(loss, activation):
    inputs = keras.Input((None, 4))
    outputs = layers.Activation(activation)(layers.Flatten()(layers.Dense(1)(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", loss)
    assert lb.audit(model, Widths(sparse=loss.startswith("sparse"))) == ()


@pytest.mark.parametrize("loss", [losses.BinaryCrossentropy, losses.CategoricalCrossentropy])
def test_the_axis_of_the_rows_is_none_of_classes(loss):
    """Batches of other lengths would have other numbers of them."""
    model = keras.Sequential([keras.Input((3,)), layers.Identity()])
    model.compile("sgd", loss(axis=0))
    y = np.eye(3, dtype="float32")[np.arange(9) % 3]
    codes = {f.code for f in lb.audit(model, 0.2 + 0.1 * y, y, batch_size=6)}
    assert codes <= {"labels-not-one-hot", "probabilities-sum", "short-batch"}


@pytest.mark.parametrize("ignored", [-100, 2**24 + 1])  # float32 makes 2**24 of it
def test_an_ignored_number_that_no_class_has(ignored):
    model = keras.Sequential([keras.Input((3,)), layers.Softmax()])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(ignore_class=ignored))
    y = np.array([0, 1, 2, ignored, 0, ignored])
    assert lb.audit(model, np.eye(3, dtype="float32")[[0, 1, 2, 0, 0, 1]], y) == ()


def test_soft_labels_and_label_smoothing_are_sound():
    p = simplex(6, 3)
    no_error(passing(p, simplex(6, 3, seed=4), "categorical_crossentropy"))
    no_error(passing(drawn(6, 3), drawn(6, 3, seed=4), "binary_crossentropy"))


def test_logits_of_zero_are_no_probabilities():
    inputs = keras.Input((3,))
    outputs = layers.Dense(2, kernel_initializer="zeros", name="out")(inputs)
    loss = losses.BinaryCrossentropy(from_logits=True)
    model = compiled(keras.Model(inputs, outputs), loss)
    assert codes(lb.audit(model, drawn(20, 3), coins(20, 2))) == []


def test_a_lost_mask_that_weights_make_up_for():
    case = masks.mask_lost_in_arithmetic()
    case.data["sample_weight"] = (case.data["x"] != 0).any(-1).astype("float32")
    assert codes(audited(case)) == ["weights-zero"]


def test_a_mask_that_was_used_up():
    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 1, 2]])
    inputs = keras.Input((3,), dtype="int32")
    x = layers.Embedding(5, 3, mask_zero=True)(inputs)
    x = layers.RepeatVector(3)(layers.GRU(4)(x))
    outputs = layers.Dense(2)(x)
    model = compiled(keras.Model(inputs, outputs), "mse")
    assert codes(lb.audit(model, tokens, drawn(3, 3, 2))) == []


def test_the_mask_of_a_key_is_not_that_of_the_output():
    tokens = np.array([[1, 2, 0], [3, 0, 0], [4, 1, 2]])
    inputs, queries = keras.Input((3,), dtype="int32"), keras.Input((3, 4))
    keys = layers.Embedding(5, 4, mask_zero=True)(inputs)
    outputs = layers.MultiHeadAttention(1, 4)(queries, keys)
    model = compiled(keras.Model([inputs, queries], outputs), "mse")
    assert codes(lb.audit(model, [tokens, drawn(3, 3, 4)], drawn(3, 3, 4))) == []


def test_a_quantile_loss_compares_one_column_on_purpose():
    levels = keras.ops.convert_to_tensor([0.1, 0.5, 0.9])

    def pinball(y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.maximum(error * levels, error * (levels - 1)), axis=-1)

    assert codes(audited(passing(drawn(6, 3), drawn(6, 1, seed=1), pinball))) == []


def test_a_random_loss_is_not_said_to_mix_rows():
    seed = 1 if keras.backend.backend() == "jax" else None  # Keras on JAX refuses a loss without

    def noisy(y_true, y_pred):
        noise = keras.random.normal(keras.ops.shape(y_pred), seed=seed)
        return keras.ops.mean(keras.ops.square(y_true - y_pred + noise), axis=-1)

    found = codes(audited(passing(drawn(6, 3), drawn(6, 3, seed=1), noisy)))
    assert found == ([] if seed else ["loss-changes"])


def test_equal_weights_change_no_axis():
    case = axes.weights_along_time()
    case.data["sample_weight"] = np.full(4, 2, "float32")
    assert codes(audited(case)) == []


def test_ignored_labels_are_not_out_of_range():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    labels = np.array([0, -1, 2, 1])
    assert codes(audited(passing(simplex(4, 3), labels, loss))) == []


def test_a_model_that_is_all_add_loss():
    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(keras.ops.mean(keras.ops.square(x)))
            return x

    inputs = keras.Input((3,))
    model = compiled(keras.Model(inputs, Adds()(inputs)), None)
    assert codes(lb.audit(model, drawn(6, 3), batch_size=3)) == []


def test_a_loss_with_a_call_of_its_own_is_left_alone():
    class Own(losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return keras.ops.mean(keras.ops.square(y_true - y_pred) * sample_weight)

    case = passing(drawn(4, 3), drawn(4, 3, seed=1), Own(), sample_weight=drawn(4, 1))
    assert codes(audited(case)) == []


def test_weights_for_a_loss_that_has_averaged_its_rows():
    case = planted.mean_over_the_batch()
    case.data["sample_weight"] = np.arange(1, 5, dtype="float32")
    (finding,) = audited(case)
    assert finding.code == "loss-without-rows" and "Keras" in finding.evidence
    assert finding.message == (
        "Output 'out': the loss function returns values of shape (3,), not one per row. "
        "A sample_weight of shape (4,) does not fit them: Keras fails."
    )


def test_a_signed_loss_is_not_dwarfed_by_its_regulariser():
    inputs = keras.Input((3,))
    penalty = {"kernel_regularizer": keras.regularizers.L2(1e-3), "kernel_initializer": "ones"}
    outputs = layers.Dense(3, use_bias=False, **penalty)(inputs)
    model = compiled(keras.Model(inputs, outputs), "cosine_similarity")
    y = np.ones((4, 3), "float32") * np.array([1, -1, 1, -1], "float32")[:, None]
    assert codes(lb.audit(model, drawn(4, 3), y)) == []


def test_a_loss_in_float16_that_overflows_is_an_error():
    loss = losses.MeanSquaredError(dtype="float16")
    findings = audited(passing(drawn(4, 3) + 300, drawn(4, 3), loss))
    assert codes(findings) == codes(findings, "error") == ["float16-loss"]
    assert "computed in float16: NaN or infinity in 4 of its values." in findings[0].message
