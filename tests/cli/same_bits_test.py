"""The same bits for any number of threads, through the command line: every data set of the archives is the same."""
from harness import case, check, equal, main, ok, rate, spiking, write


def same_bits(text, *options):
    write(text)
    for threads in (1, 2, 3, 8):
        ok("run", "experiment.toml", "-o", f"{threads}.h5", "--threads", threads, *options)
        count = equal("1.h5", f"{threads}.h5")
        check(count > 40, f"only {count} data sets were compared")


@case("spiking neurons with stdp_pair, and a twin by backprop")
def _():
    same_bits(spiking)


@case("spiking neurons enough for several shares of work each")
def _():
    same_bits(spiking.replace("size = 80", "size = 2500").replace("p = 0.1", "p = 0.01").replace("size = 20", "size = 600"), "--set", "simulation.duration=700 ms")


@case("rate neurons with oja, and a twin by oja")
def _():
    same_bits(rate)


@case("rate neurons with hebb, and a twin by backprop with dropout")
def _():
    same_bits(rate.replace('learning_rule = { name = "oja", eta = 1e-4 }', 'learning_rule = { name = "hebb", eta = 1e-5, decay = 1e-4 }')
              .replace('rule = { name = "oja", eta = 1e-4 }', 'rule = "backprop"').replace("hidden = []", "hidden = [70, 30], dropout = 0.2"))


@case("another seed gives other bits")
def _():
    write(spiking)
    ok("run", "experiment.toml", "-o", "1.h5")
    ok("run", "experiment.toml", "-o", "2.h5", "--seed", "4")
    try:
        equal("1.h5", "2.h5")
    except Exception as why:
        check("spikes/E/timestamps" in str(why) and "proxon/model/theta" in str(why), f"spikes and weights should differ: {why}")
        return
    check(False, "the comparison sees no difference")


main()
