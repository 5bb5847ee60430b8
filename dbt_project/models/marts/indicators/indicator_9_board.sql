{{ record_indicator('9', results=ref('indicator_result')) }}
