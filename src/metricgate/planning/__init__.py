"""Question + Catalog -> Plan, or Problems that say what is possible instead.

Promises: never a guess. A name that fits several metrics, a member that two paths reach, a join that would count rows
twice, a grain finer than the data are Problems. Pure; knows no SQL dialect and no policy.
"""
