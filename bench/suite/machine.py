"""Where and with what a run was made: everything that a figure may hang on."""

import hashlib
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["libhyperscan5", "libvectorscan5", "libsimdjson14", "liburing2", "libjemalloc2", "libzstd1",
            "libicu72", "libyaml-0-2", "libxxhash0", "libc6"]
SETTINGS = ["HYDRANT_CPU", "HYDRANT_IO", "HYDRANT_DEDUP_DATA"]  # of the environment, that change what is measured


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return (done.stdout or done.stderr).strip()


def first_line(*command):
    return output(*command).partition("\n")[0]


def read_caches():
    """The size of each cache, by lscpu, or by the C library where the kernel shows none (virtual machines)."""
    found = re.findall(r"^(L\d\w?)(?: cache)?:\s+(.+)", output("lscpu"), re.MULTILINE)
    if found:
        return {name: size.strip() for name, size in found}
    names = {"L1d": "LEVEL1_DCACHE", "L1i": "LEVEL1_ICACHE", "L2": "LEVEL2_CACHE", "L3": "LEVEL3_CACHE"}
    sizes = {name: re.search(rf"^{key}_SIZE\s+(\d+)", output("getconf", "-a"), re.MULTILINE)
             for name, key in names.items()}
    return {name: f"{int(size[1]) // 1024} KiB" for name, size in sizes.items() if size and int(size[1])}


def cpu():
    fields = {}
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    flags = set(fields.get("flags", "").split())
    wanted = ["avx2", "bmi2", "avx512f", "avx512bw", "avx512vl", "avx512_vbmi2", "hypervisor"]
    return {
        "model": fields.get("model name", platform.machine()),
        "family": " ".join(fields[key] for key in ("cpu family", "model") if key in fields) or None,
        "cores": len(os.sched_getaffinity(0)),
        "flags": [flag for flag in wanted if flag in flags],
        "caches": read_caches(),
        "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
    }


def read(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return None


def memory_bytes():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def libraries():
    versions = {}
    for line in output("dpkg-query", "-W", "-f", "${Package} ${Version}\n", *PACKAGES).splitlines():
        name, _, version = line.partition(" ")
        if version and not name.startswith("dpkg-query"):
            versions[name] = version
    return versions


def commit():
    head = first_line("git", "-C", str(ROOT), "rev-parse", "HEAD")
    if not re.fullmatch(r"[0-9a-f]{40}", head):
        return None
    changed = output("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no")
    return head + ("+changes" if changed else "")


def tools():
    asked = {"grep": ["--version"], "rg": ["--version"], "jq": ["--version"], "node": ["--version"],
             "python3": ["--version"]}
    return {name: first_line(name, *args) for name, args in asked.items() if shutil.which(name)}


def compiler(build):
    cache = (build / "CMakeCache.txt").read_text() if (build / "CMakeCache.txt").exists() else ""

    def entry(name):
        found = re.search(rf"^{name}:[A-Z]+=(.*)$", cache, re.MULTILINE)
        return found.group(1) if found else ""
    return {
        "c": first_line(entry("CMAKE_C_COMPILER") or "cc", "--version"),
        "build": entry("CMAKE_BUILD_TYPE"),
        "flags": flags_of(build),
        "sanitizers": entry("HYDRANT_SANITIZE"),
    }


def flags_of(build):
    """What the engine's C files are compiled with, as far as it decides about the code."""
    try:
        commands = json.loads((build / "compile_commands.json").read_text())
    except (OSError, ValueError):
        return ""
    words = next((entry["command"].split() for entry in commands if entry["file"].endswith("pipeline/worker.c")), [])
    return " ".join(word for word in words if re.match(r"-(O|g|m|f|DNDEBUG|DHY_DEBUG)", word)
                    and not re.search(r"macro|-fprofile-dir", word))


def processor_time():
    """Of all processors since the start of the system, in seconds: in use, and taken by the host for others."""
    ticks = os.sysconf("SC_CLK_TCK")
    user, nice, system, _, _, irq, softirq, stolen = (
        int(count) / ticks for count in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9])
    return user + nice + system + irq + softirq, stolen


def busy_cores(seconds=0.5):
    """How many cores others use, and the host takes, while this waits."""
    began, before = time.monotonic(), sum(processor_time())
    time.sleep(seconds)
    return round((sum(processor_time()) - before) / (time.monotonic() - began), 2)


class Stolen:
    """The share of all cores' time that the host of a virtual machine took for others since this was made."""

    def __init__(self):
        self.began, self.before = time.monotonic(), processor_time()[1]

    def percent(self):
        seconds = (time.monotonic() - self.began) * os.cpu_count()
        return round(100 * (processor_time()[1] - self.before) / max(seconds, 1e-9), 2)


def version(build):
    """(what the program says, the commit in it); it may be another one than that of these scripts."""
    said = first_line(str(build / "tools" / "hydrant"), "--version")
    found = re.search(r"\((.+)\)", said)
    return said, found.group(1) if found else None


def io_path(build):
    """How the program reads files here: "io_uring" or "read"; None where it does not say."""
    said = output(str(build / "tools" / "hydrant"), "scan", "--emit", "none", "--stats", "json", "/dev/null")
    found = re.search(r'"io":"(\w+)"', said)
    return found.group(1) if found else None


def posts_of(own):
    """What was measured, so that two runs on other posts or rules can be told apart."""
    if not own:
        return {"corpus": "hydrant gen", "rules": "hydrant gen"}
    return {"corpus": str(pathlib.Path(own.made).resolve()), "corpus_bytes": own.bytes, "corpus_sha256": sha256(own.posts),
            "rules": str(pathlib.Path(own.rules).resolve()), "rules_pack": own.pack, "left_out": own.left_out}


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment(build, seed, mode, own=None):
    """The first line of a file of results."""
    said, of_program = version(build)
    return {
        "bench": "environment", "mode": mode, "seed": seed, **posts_of(own), "version": said, "commit": of_program,
        "suite_commit": commit(), "io": io_path(build), "cpu": cpu(),
        "memory_bytes": memory_bytes(), "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
        "distribution": platform.freedesktop_os_release().get("PRETTY_NAME"),
        "compiler": compiler(build), "libraries": libraries(), "tools": tools(),
        **{name.lower(): os.environ.get(name) for name in SETTINGS}, "busy_cores_at_start": busy_cores(),
        "transparent_huge_pages": read("/sys/kernel/mm/transparent_hugepage/enabled"),
    }
