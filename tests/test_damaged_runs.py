"""A few of the damages that `damaged_runs.py` does all of: files of each kind, each damage."""

from damaged_runs import DAMAGES, Damage


def test_what_a_loss_of_power_has_damaged_is_made_anew(tmp_path, vestry):
    damage = Damage(tmp_path, vestry)
    seen, chosen = set(), []
    cases = list(damage.cases())
    for way, _ in cases:
        name = way.rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            chosen.append((way, list(DAMAGES)[len(chosen) % len(DAMAGES)]))
    assert len(cases) > 60 and len(chosen) > 15
    faults = {case: fault for case in chosen[:12] if (fault := damage.fault(*case))}
    assert faults == {}
