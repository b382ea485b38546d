{#-
    The rows of a source table with clean cells, one per key and delivery (logical date).

    - A cell is trimmed; an empty or whitespace-only one, and one of the contract's `null_tokens`, is null.
    - Rows of the same delivery with the same key are duplicates. The one that stands last in the delivery is kept;
      `merged_row_count` counts the others. When they differ in any cell, `has_conflicting_duplicates` is true.
    - A row without a key cannot be told from others: it stays in RAW, where tests count it.
    - Of an append table, the same key in a later delivery supersedes the earlier one: `is_superseded` marks the earlier one,
      `superseded_row_count` counts the RAW rows that the later one stands for besides its own delivery's.
-#}
{% macro clean_rows(system, table, relation) %}
{%- set contract = source_contract(system, table) -%}
{%- set columns = contract.columns.keys() | list | join(', ') -%}
{%- set key = contract.key | join(', ') -%}
{%- set delivery_key = key ~ ', _logical_date' -%}
{%- set lineage = '_load_id, _logical_date, _source_file, _source_row_number' -%}
{%- if not execute %}{{ return('select * from ' ~ relation) }}{% endif %}
    select
        *
        {%- if contract.mode == 'append' %},
        coalesce(
            sum(1 + merged_row_count) over (
                partition by {{ key }} order by _logical_date rows between unbounded preceding and 1 preceding
            ), 0
        ) as superseded_row_count,
        lead(_logical_date) over (partition by {{ key }} order by _logical_date) is not null as is_superseded
        {%- endif %}
    from (
        select
            {{ columns }},
            {{ lineage }},
            count(*) over (partition by {{ delivery_key }}) - 1 as merged_row_count,
            min(hash({{ columns }})) over (partition by {{ delivery_key }})
            <> max(hash({{ columns }})) over (partition by {{ delivery_key }}) as has_conflicting_duplicates
        from (
            select
                {% for column in contract.columns -%}
                {{ clean_cell(column, cell_format(contract, column).null_tokens) }} as {{ column }},
                {% endfor -%}
                {{ lineage }}
            from {{ relation }}
        ) as clean_cells
        where {% for column in contract.key %}{{ column }} is not null{% if not loop.last %} and {% endif %}{% endfor %}
        qualify row_number() over (
            partition by {{ delivery_key }} order by _source_file desc, _source_row_number desc
        ) = 1
    ) as one_per_delivery
{%- endmacro %}

{% macro clean_cell(column, null_tokens) -%}
    {#- Space, tab, line feed, carriage return, no-break space. -#}
    {%- set trimmed = 'trim(' ~ column ~ ", ' ' || chr(9) || chr(10) || chr(13) || chr(160))" -%}
    {%- set cell = namespace(sql=trimmed) -%}
    {%- for token in [''] + null_tokens -%}
        {%- set cell.sql = 'nullif(' ~ cell.sql ~ ', ' ~ dbt.string_literal(dbt.escape_single_quotes(token)) ~ ')' -%}
    {%- endfor -%}
    {{ cell.sql }}
{%- endmacro %}

{#-
    A clean cell as the type that the contract gives its column: text, integer, decimal, date, time, timestamp (UTC; from the
    system's local time, or by the offset that the format's %z reads) or boolean. Null when the cell is not such a value; see
    `uncastable_cell_count`.
-#}
{% macro typed_cell(system, table, column) -%}
    {%- set contract = source_contract(system, table) -%}
    {%- set type = contract.columns.get(column, 'text') -%}
    {%- set csv = cell_format(contract, column) -%}
    {%- if type == 'text' -%}
        {{ column }}
    {%- elif type == 'integer' -%}
        {{ number_cell(column, '', 'bigint', csv) }}
    {%- elif type == 'decimal' -%}
        {{ number_cell(column, '([' ~ csv.decimal_mark ~ '][0-9]+)?', 'decimal(18, 6)', csv) }}
    {%- elif type == 'date' -%}
        cast({{ parse_timestamp(month_cell(column, csv.date_format, csv), month_format(csv.date_format, csv)) }} as date)
    {%- elif type == 'time' -%}
        cast({{ parse_timestamp(column, csv.get('time_format', '%H:%M')) }} as time)
    {%- elif type == 'timestamp' -%}
        {%- set format = csv.timestamp_format -%}
        {%- set text = month_cell(column, format, csv) -%}
        {%- if '%z' in format -%}
            {{ parse_instant("regexp_replace(" ~ text ~ ", 'Z$', '+00:00')", month_format(format, csv)) }}
        {%- else -%}
            {%- set zone = dbt.string_literal(contract.time_zone) -%}
            {{ convert_time_zone(parse_timestamp(text, month_format(format, csv)), zone, "'UTC'") }}
        {%- endif -%}
    {%- elif type == 'boolean' -%}
        case
            when lower({{ column }}) in ({{ word_list(csv.get('true_tokens', ['true', 'yes', '1'])) }}) then true
            when lower({{ column }}) in ({{ word_list(csv.get('false_tokens', ['false', 'no', '0'])) }}) then false
        end
    {%- else -%}
        {%- do exceptions.raise_compiler_error(system ~ '.' ~ table ~ '.' ~ column ~ ': unknown data_type ' ~ type) -%}
    {%- endif -%}
{%- endmacro %}

{#- How many cells of a row hold something that is not a value of their column's type. -#}
{% macro uncastable_cell_count(system, table) -%}
    {%- set terms = ['0'] -%}
    {%- for column, type in source_contract(system, table).columns.items() if type != 'text' -%}
        {%- do terms.append(
            'case when ' ~ column ~ ' is not null and ' ~ typed_cell(system, table, column) ~ ' is null then 1 else 0 end'
        ) -%}
    {%- endfor -%}
    {{ terms | join(' + ') }}
{%- endmacro %}

{#-
    Stricter than a cast: 1.5 is no integer, exponents and blanks are not guessed at, digit groups only with the contract's
    `thousands_mark`, and a number of a billion or more is none that a plant can mean: sums and products of what is left do not
    overflow.

    fraction: what may follow the whole number, as a pattern. csv: how the column's cells are written.
-#}
{% macro number_cell(column, fraction, type, csv) -%}
    {%- set whole = '0*[0-9]{1,9}' -%}
    {%- set digits = column -%}
    {%- if csv.get('thousands_mark') -%}
        {%- set mark = dbt.escape_single_quotes(csv.thousands_mark) -%}
        {%- set whole = '(' ~ whole ~ '|[1-9][0-9]{0,2}([' ~ mark ~ '][0-9]{3}){1,2})' -%}
        {%- set digits = 'replace(' ~ column ~ ", '" ~ mark ~ "', '')" -%}
    {%- endif -%}
    {%- set digits = 'replace(' ~ digits ~ ", '" ~ csv.decimal_mark ~ "', '.')" if fraction else digits -%}
    case
        when {{ matches_whole(column, '[+-]?' ~ whole ~ fraction) }}
            then try_cast({{ digits }} as {{ type }})
    end
{%- endmacro %}

{#-
    A cell with numbers in place of its month's name, for a format with %b or %B and a contract with `month_names`; the longest
    names first, since one may begin with another. A full stop after an abbreviation goes too, unless the format has it.
-#}
{% macro month_cell(column, format, csv) -%}
    {%- set cell = namespace(sql=column) -%}
    {%- if has_month_names(format, csv) -%}
        {%- set names = [] -%}
        {%- for month in csv.month_names -%}
            {%- set number = '%02d' % loop.index -%}
            {%- for name in month | map('lower') | unique -%}
                {%- do names.append([name | length, name, number]) -%}
                {%- if '%b.' not in format and '%B.' not in format -%}
                    {%- do names.append([name | length + 1, name ~ '.', number]) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- set cell.sql = 'lower(' ~ column ~ ')' -%}
        {%- for length, name, number in names | sort(reverse=true) -%}
            {%- set cell.sql = 'replace(' ~ cell.sql ~ ", '" ~ name ~ "', '" ~ number ~ "')" -%}
        {%- endfor -%}
    {%- endif -%}
    {{ cell.sql }}
{%- endmacro %}

{#- The format that `month_cell` leaves. -#}
{% macro month_format(format, csv) -%}
    {{ format | replace('%b', '%m') | replace('%B', '%m') if has_month_names(format, csv) else format }}
{%- endmacro %}

{% macro has_month_names(format, csv) %}
    {% do return(csv.get('month_names') is not none and ('%b' in format or '%B' in format)) %}
{% endmacro %}

{#- Words as SQL literals, in lower case. -#}
{% macro word_list(words) -%}
    {%- for word in words -%}
        {{ dbt.string_literal(dbt.escape_single_quotes(word | lower)) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
