"""CUDA-event time against the kernels that ``torch.profiler`` saw."""

from __future__ import annotations

from fusionbench.profiling.clocks import Device
from fusionbench.profiling.records import ProfilerCheck
from fusionbench.profiling.timing import Call, timed

CALLS = 20


def compare(call: Call, device: Device, calls: int = CALLS) -> ProfilerCheck:
    """Compare the two clocks on a warm call.

    The events span the kernels and the gaps between them, so their time is at least the kernels'
    (but for what runs on several streams at once); the difference is the time that the GPU waits
    for work.

    Args:
        call: Warmed up.
        device: A CUDA device.
        calls: How many are averaged.
    """
    from torch._C._autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    events = [timed(call, device)[1] or 0.0 for _ in range(calls)]
    device.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        for _ in range(calls):
            call()
        device.synchronize()
    microseconds = sum(
        event.self_device_time_total
        for event in profiler.key_averages()
        if event.device_type == DeviceType.CUDA and not event.is_user_annotation
    )
    return ProfilerCheck(
        kernel_ms=microseconds / 1000 / calls, event_ms=sum(events) / calls, calls=calls
    )
