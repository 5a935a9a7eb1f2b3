"""CloudWatch: alarms on expressions."""

from ministack.services.cloudformation import provisioners

from .core import wrapped


@wrapped(provisioners, "_cw_metric_alarm_record")
def metric_alarm_record(original, name, properties):
    """An alarm on an expression is recorded as one on its first metric."""
    if "Metrics" in properties:
        stat = next(m["MetricStat"] for m in properties["Metrics"] if "MetricStat" in m)
        first = {**stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"], "Metrics": None}
        properties = {**properties, **first}
    return original(name, properties)
