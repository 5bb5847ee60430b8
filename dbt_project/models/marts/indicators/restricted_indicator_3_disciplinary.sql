{{ record_indicator('3', results=ref('restricted_indicator_result')) }}
