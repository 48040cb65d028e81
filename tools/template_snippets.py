"""Small templates for every construct, filter, test and method; see make_template_golden.py.

A row is a template, or a template with what its context has beyond CONTEXT.
"""

CONTEXT = {
    "name": "World", "n": 7, "x": 2.5, "yes": True, "no": False, "nothing": None, "empty": "",
    "items": [3, 1, 2], "words": ["pear", "Apple", "fig"], "d": {"b": 1, "a": [1, 2], "c": None},
    "text": "  The quick\n\tbrown fox  ", "uni": "Grüße, мир — 世界 👍",
    "users": [
        {"name": "Ann", "age": 30, "tags": ["x"], "active": True},
        {"name": "bob", "age": 25, "tags": [], "active": False},
        {"name": "Cy", "age": 30, "tags": ["y", "z"]},
    ],
    "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [{"v": 4, "c": []}]}]}, {"v": 5, "c": []}],
}

WHITESPACE = [
    "a {{ name }} b", "a {{- name -}} b", "a  {%- if yes -%}  b  {%- endif -%}  c",
    "x\n{% if yes %}\ny\n{% endif %}\nz", "x\n   {% if yes %}\n y\n   {% endif %}\nz",
    "x\n   {%+ if yes %}\n y{% endif +%}\nz", "  {{ n }}\n  {{ n }}\n", "line\n\n", "line\n",
    "a{# note #}b", "a\n  {# note #}\nb", "a {#- note -#} b", "{# {{ x }} {% if %} #}ok",
    "{% raw %}{{ x }} {% if %}{% endraw %}!", "a {%- raw -%}  r  {%- endraw -%} b",
    "{% raw %}\n x {% endraw %}\ny", "a\r\nb\rc{{ '\r\n' }}", "{{ name }}\n{{ name }}",
    "{% set a = 1 %}\n{% set b = 2 %}\n{{ a + b }}", "\t{% if yes %}t{% endif %}\n",
    "text {% if yes %} same line{% endif %}\nnext", "{{ '{{' }}{{ '}}' }}{{ '%}' }}",
    "{{ {'a': {'b': 1}}['a']['b'] }}", "{{{'a':1}['a']}}", "{%if yes%}1{%else%}2{%endif%}",
    "a\n{%- if yes %}\nb\n{%- endif %}\nc", "{%- set z = 1 -%}\n\n q {{-  z }}", "\u00a0{%- if yes %}nb{% endif %}",
    "{# open", "{{ open", "{% raw %} open", "", " ", "{", "{ {", "{%", "}}", "100% {x}",
]

LITERALS = [
    "{{ 1 }} {{ 1.0 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 12_000 }} {{ 0x1F }} {{ 0o17 }} {{ 0b101 }} {{ 1e22 }}",
    "{{ 'a' \"b\" 'c' }}", "{{ 'tab\\tnl\\nq\\'b\\\\' }}", '{{ "\\u00e9\\x41\\101\\q" }}',
    "{{ true }} {{ True }} {{ false }} {{ none }} {{ None }}", "{{ [1, 'a', none, true, 2.0] }}",
    "{{ {'a': 1, 2: 'b', none: [], 'q': \"it's\"} }}", "{{ (1, 2) }} {{ (1,) }} {{ () }}",
    "{{ 1, 2 }}", "{{ [] }} {{ {} }} {{ '' }}|", "{{ [[1, [2]], {'k': (3,)}] }}",
    "{{ ['it\\'s', 'say \"hi\"', 'both \\' \"', 'nl\\n', '\\u200b', 'é', '\\x01'] }}",
    "{{ 1.0 / 3 }} {{ 1e16 }} {{ 123456789012345.0 }} {{ 0.0001 }} {{ 0.00001 }} {{ -0.0 }}",
    "{{ 9007199254740993 }} {{ 100.0 }} {{ 2.5e+20 }}", "{{ 012 }}", "{{ 1__0 }}", "{{ 'open }}",
    "{{ d }}", "{{ users }}", "{{ uni }} {{ [uni] }}", "{{ nothing }}|{{ missing }}|{{ empty }}",
    "{{ '\\ud83d' }}", "{{ 'a\\\nb' }}", "{{ [1, 2,] }} {{ {'a': 1,} }}",
]

OPERATORS = [
    "{{ 1 + 2 * 3 - 4 / 2 }}", "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7.5 % 2 }} {{ -7.5 // 2 }}",
    "{{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 2.0 ** 0.5 }}", "{{ 1 / 0 }}", "{{ 1 % 0 }}",
    "{{ 'a' + 'b' }} {{ [1] + [2] }} {{ (1,) + (2,) }}", "{{ 'ab' * 3 }} {{ 2 * [0, 1] }} {{ 'x' * -1 }}|",
    "{{ 'a' + 1 }}", "{{ [1] + (2,) }}", "{{ 'a' ~ 1 ~ none ~ true ~ 1.5 ~ [1] }}", "{{ 1 ~ 2 + 3 }}",
    "{{ 1 < 2 }} {{ 1 <= 1 }} {{ 2 > 3 }} {{ 2 >= 3 }} {{ 1 == 1.0 }} {{ 1 != 2 }} {{ true == 1 }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 3 > 2 != 1 }}", "{{ 'a' < 'b' }} {{ 'B' < 'a' }} {{ [1, 2] < [1, 3] }}",
    "{{ 'a' < 1 }}", "{{ none < 1 }}", "{{ {'a': [1]} == {'a': [1.0]} }} {{ [1] == (1,) }}",
    "{{ 1 in [1, 2] }} {{ 'x' in 'xyz' }} {{ 'b' in d }} {{ 5 not in items }} {{ 1 in (1,) }}",
    "{{ 1 in 'abc' }}", "{{ 1 in none }}", "{{ 'a' in missing }}", "{{ [] in d }}",
    "{{ not true }} {{ not '' }} {{ not [] }} {{ not 0.0 }} {{ not missing }}",
    "{{ 1 and 0 }} {{ 0 or 'x' }} {{ '' or none }} {{ 1 and 'y' }} {{ yes and not no or n }}",
    "{{ 'y' if yes else 'n' }} {{ 'y' if no }}| {{ 1 if no else 2 if no else 3 }}", "{{ -n }} {{ +n }} {{ - 3 }} {{ -x }}",
    "{{ -'a' }}", "{{ +'a' }}", "{{ -3|abs }} {{ (-3)|abs }} {{ 1 + 2|string }}", "{{ true + true }}", "{{ 10 - 2 - 3 }}",
    "{{ 2 * 3 ~ 4 }}", "{{ 5 / 2 }} {{ 4 / 2 }} {{ 5.0 // 2 }}", "{{ not 1 == 2 }}", "{{ 1 == 1 == true }}",
    "{{ '%s is %d and %.2f%%' % ('x', 3, 1.5) }}", "{{ '%5d|%-5s|%05.1f|%x|%r' % (42, 'ab', 3.14159, 255, 'q') }}",
    "{{ '%(a)s-%(b)s' % {'a': 1, 'b': 2} }}", "{{ '%s' % 'one' }} {{ '%s' % [1] }} {{ '%d' % 3.9 }} {{ '%+d' % 3 }}",
    "{{ '%s' % (1, 2) }}", "{{ '%s %s' % (1,) }}", "{{ '%d' % 'a' }}", "{{ '%c%c' % (65, 'b') }}", "{{ '%e %g' % (12345.678, 0.00001) }}",
    "{{ 9223372036854775807 }} {{ -9223372036854775807 }}", "{{ 2.5 == 2.5 }}", "{{ missing == missing2 }} {{ missing == none }}",
    "{{ missing + 1 }}", "{{ 1 + missing }}", "{{ missing < 1 }}", "{{ -missing }}", "{{ missing.attr }}", "{{ missing() }}", "{{ missing['k'] }}",
    "{{ 'abc' 'def' | upper }}", "{{ 1 if missing else 2 }}", "{{ (1, 2) == (1, 2) }}", "{{ 3 is odd and 4 is even }}",
]

ACCESS = [
    "{{ d.b }} {{ d['a'] }} {{ d.a.0 }} {{ d['a'][-1] }} {{ d.c }} {{ d.zzz }}|{{ d['zzz'] }}|", "{{ d.zzz.more }}", "{{ nothing.x }}|{{ nothing['x'] }}|",
    "{{ items[0] }} {{ items[-1] }} {{ items[9] }}| {{ items['x'] }}|", "{{ name[0] }}{{ name[-1] }} {{ name[99] }}|", "{{ uni[1] }}{{ uni[-1] }} {{ uni|length }}",
    "{{ items[1:] }} {{ items[:-1] }} {{ items[::-1] }} {{ items[::2] }} {{ items[5:] }} {{ items[-2:] }}", "{{ name[1:3] }} {{ name[::-1] }} {{ uni[2:5] }} {{ name[:0] }}|",
    "{{ (1, 2, 3)[1:] }} {{ range(5)[1:3]|list }}", "{{ items[1:2:0] }}", "{{ missing[1:] }}", "{{ n[0] }}|", "{{ d.items() }} {{ d.keys() }} {{ d.values() }}",
    "{{ d.items()|list }} {{ d.keys()|list }} {{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 5) }}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{{ {'items': 5}.items() }}|{{ {'items': 5}['items'] }}", "{{ items.append(4) }}", "{{ d.update({'z': 1}) }}", "{{ items.pop() }}", "{{ d.pop }}|", "{{ items.index(2) }} {{ items.count(1) }}", "{{ items.index(99) }}",
    "{{ users[0].name }} {{ users[1]['tags'] }} {{ users.0.age }}", "{{ name.nope }}|", "{{ name.nope() }}", "{{ d[1:] }}", "{{ {1: 'a', true: 'b'} }}", "{{ {(1, 2): 'a'}[1, 2] }}", "{{ {[1]: 2} }}",
    "{{ d.__class__ }}|", "{{ items[true] }} {{ items[1.0] }}|", "{{ d.copy() }}", "{{ x.nope }}|{{ n.bit_length() if false }}|",
]

METHODS = [
    "{{ text.strip() }}|{{ text.lstrip() }}|{{ text.rstrip() }}|", "{{ 'xxabxx'.strip('x') }} {{ 'abcba'.lstrip('ab') }} {{ '<a>'.strip('<>') }}", "{{ text.split() }} {{ 'a,b,,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }}",
    "{{ 'a b  c'.split(' ') }} {{ ' a b '.split(none, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ' a b c '.rsplit(none, 1) }}", "{{ 'x'.split('') }}", "{{ 'a\\nb\\r\\nc'.splitlines() }} {{ 'a\\nb'.splitlines(true) }}",
    "{{ name.startswith('Wo') }} {{ name.endswith(('x', 'ld')) }} {{ name.startswith('o', 1) }} {{ name.startswith(['W']) }}", "{{ name.upper() }} {{ name.lower() }} {{ 'hELLO wORLD'.title() }} {{ 'hELLO'.capitalize() }} {{ name.swapcase() }}",
    "{{ 'a-b-c'.replace('-', '+') }} {{ 'a-b-c'.replace('-', '', 1) }} {{ 'ab'.replace('', '.') }}", "{{ 'banana'.find('an') }} {{ 'banana'.rfind('an') }} {{ 'banana'.find('q') }} {{ 'banana'.count('a') }} {{ 'banana'.index('n') }}", "{{ 'a'.index('b') }}",
    "{{ ', '.join(words) }} {{ '-'.join('abc') }}", "{{ ','.join(items) }}", "{{ 'a=b=c'.partition('=') }} {{ 'a=b=c'.rpartition('=') }} {{ 'abc'.partition('=') }}", "{{ '42'.zfill(5) }} {{ '-42'.zfill(5) }} {{ 'a'.ljust(3, '.') }} {{ 'a'.rjust(3) }} {{ 'ab'.center(5, '*') }} {{ 'abc'.center(6) }}|",
    "{{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a1'.isalnum() }} {{ 'AB'.isupper() }} {{ 'ab'.islower() }} {{ ' '.isspace() }} {{ ''.isdigit() }} {{ 'Ab Cd'.istitle() }}", "{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.txt'.removesuffix('.txt') }}",
    "{{ '{} {}'.format(1, 'b') }} {{ '{1} {0}'.format('a', 'b') }} {{ '{k}'.format(k=3) }}", "{{ '{:>5}|{:<5}|{:^5}|{:*^7}|{:05d}|{:.2f}|{:,}|{:x}|{:+d}|{:%}'.format('a', 'b', 'c', 'd', 42, 3.14159, 1234567, 255, 5, 0.25) }}",
    "{{ '{0[a]} {1.name} {{}}'.format({'a': 1}, {'name': 'N'}) }} {{ '{!r}'.format('q') }}", "{{ '{} {}'.format(1) }}", "{{ '{'.format(1) }}", "{{ '{:d}'.format('a') }}", "{{ '{:{w}}|'.format('a', w=4) }}", "{{ uni.upper() }} {{ 'ΑΒΓ'.lower() }} {{ 'straße'.upper() }} {{ 'ǆ'.title() if false }}",
    "{{ 'a\\u00a0b'.split() }}", "{{ 'aXbX'.split('X') }}", "{{ name.strip(chars='W') }}", "{{ 'a'.join(['x', 'y'])|upper }}", "{{ 'tEST'.casefold() }}", "{{ '%s' |format('a') }}",
]

FILTERS = [
    "{{ -3|abs if false else (-3)|abs }} {{ (-2.5)|abs }}", "{{ items|first }} {{ items|last }} {{ []|first }}| {{ 'abc'|first }} {{ 'abc'|last }}", "{{ items|length }} {{ d|length }} {{ ''|length }} {{ missing|length }} {{ words|count }}", "{{ none|length }}", "{{ 5|length }}",
    "{{ items|join }} {{ items|join(', ') }} {{ users|join('/', attribute='name') }} {{ [1, none, 'a']|join('-') }}", "{{ items|sort }} {{ items|sort(reverse=true) }} {{ words|sort }} {{ words|sort(case_sensitive=true) }}",
    "{{ users|sort(attribute='age')|map(attribute='name')|list }} {{ users|sort(attribute='age,name', reverse=true)|map(attribute='name')|join(',') }}", "{{ [1, 'a']|sort }}", "{{ items|reverse|list }} {{ 'abc'|reverse }}", "{{ items|max }} {{ items|min }} {{ words|max }} {{ words|min }} {{ []|max }}| {{ users|max(attribute='age') }}",
    "{{ items|sum }} {{ users|sum(attribute='age') }} {{ items|sum(start=10) }}", "{{ [1, 1, 2, 'a', 'A']|unique|list }} {{ ['a', 'A']|unique(true)|list }}", "{{ 'abc'|list }} {{ d|list }} {{ (1, 2)|list }} {{ missing|list }}", "{{ none|list }}",
    "{{ d|items|list }} {{ missing|items|list }}", "{{ [1]|items|list }}", "{{ d|dictsort }} {{ {'b': 1, 'A': 2}|dictsort }} {{ {'b': 1, 'A': 2}|dictsort(true) }} {{ {'b': 1, 'a': 2}|dictsort(false, 'value') }} {{ {'b': 1, 'a': 2}|dictsort(reverse=true) }}",
    "{{ words|map('upper')|list }} {{ users|map(attribute='name')|join(',') }} {{ users|map(attribute='active', default='-')|list }} {{ words|map('replace', 'p', 'P')|join(' ') }} {{ users|map(attribute='tags.0')|list|length }}", "{{ items|map('nofilter')|list }}", "{{ items|map|list }}",
    "{{ items|select('odd')|list }} {{ items|reject('odd')|list }} {{ [0, 1, '']|select|list }} {{ items|select('greaterthan', 1)|list }} {{ items|select('in', [1, 2])|list }}", "{{ users|selectattr('active')|map(attribute='name')|list }} {{ users|rejectattr('active')|map(attribute='name')|list }} {{ users|selectattr('age', 'equalto', 30)|list|length }} {{ users|selectattr('active', 'defined')|list|length }}", "{{ items|select('notest')|list }}", "{{ users|selectattr|list }}",
    "{{ users|groupby('age') }}", "{% for age, list in users|groupby('age') %}{{ age }}:{{ list|map(attribute='name')|join(',') }};{% endfor %}", "{{ items|batch(2)|list }} {{ items|batch(2, 'x')|list }} {{ items|slice(2)|list }} {{ [1, 2, 3, 4]|slice(3, 0)|list }}",
    "{{ missing|default('x') }} {{ ''|default('x') }} {{ ''|default('x', true) }} {{ none|d('x') }} {{ missing|default }}| {{ no|default(5, boolean=true) }}", "{{ name|upper }} {{ name|lower }} {{ 'hello world-foo (bar)'|title }} {{ 'hELLO'|capitalize }} {{ 5|upper }}", "{{ text|trim }}| {{ 'xxaxx'|trim('x') }} {{ 5|trim }}",
    "{{ 'aaa'|replace('a', 'b', 2) }} {{ 123|replace(2, 'x') }}", "{{ 'a'|replace('b') }}", "{{ 'a\\nb\\n\\nc'|indent }}|{{ 'a\\nb'|indent(2, true) }}|{{ 'a\\n\\nb'|indent(2, blank=true) }}|{{ 'a\\nb'|indent('> ') }}", "{{ 5|indent }}", "{{ 'abc'|center(9) }}|", "{{ 'foo bar baz qux'|truncate(9) }} {{ 'foo bar baz qux'|truncate(9, true) }} {{ 'foo bar baz qux'|truncate(11) }} {{ 'foo bar baz qux'|truncate(11, false, '...', 0) }}",
    "{{ 'a b  c'|wordcount }}", "{{ '3'|int }} {{ '3.9'|int }} {{ 'x'|int }} {{ 'x'|int(-1) }} {{ 3.9|int }} {{ '0x1f'|int(base=16) }} {{ true|int }} {{ none|int }} {{ ' 7 '|int }} {{ '-12'|int }}", "{{ '3.5'|float }} {{ 'x'|float }} {{ 'x'|float(1.5) }} {{ 3|float }} {{ '1e3'|float }}", "{{ missing|int }}", "{{ missing|float }}",
    "{{ 2.5|round }} {{ 3.5|round }} {{ 2.567|round(2) }} {{ 2.1|round(method='ceil') }} {{ 2.9|round(0, 'floor') }} {{ 5|round }} {{ 1234|round(-2) }} {{ 2.675|round(2) }} {{ -2.5|round }}", "{{ 2.5|round(1, 'odd') }}", "{{ 5|string + 'a' }} {{ none|string }} {{ 1.0|string }} {{ [1]|string }} {{ missing|string }}|",
    "{{ d|tojson }} {{ users[0]|tojson }} {{ 'é\"\\n\\u0001<>&'|tojson }} {{ none|tojson }} {{ 1.0|tojson }} {{ true|tojson }} {{ (1, 2)|tojson }}", "{{ d|tojson(indent=2) }}", "{{ {'a': [], 'b': {}, 'c': [[1]]}|tojson(indent=4) }}", "{{ {'b': 1, 'a': 'é👍'}|tojson(ensure_ascii=true, sort_keys=true) }}", "{{ [1, {'a': 2}]|tojson(separators=(',', ':')) }} {{ [1, 2]|tojson(separators=(', ', ': '), indent=1) }}", "{{ missing|tojson }}", "{{ d.items()|tojson }}", "{{ {1: 2, none: 3, true: 4, 1.5: 5}|tojson }}", "{{ [1e100, 1e16, 0.1, -0.0]|tojson }}", "{{ d|tojson(indent='\\t') }}",
    "{{ '<b>'|safe }} {{ '<b>'|safe + '<i>' }} {{ '<' + '>'|safe }} {{ '<b>'|escape }} {{ '\\'\"&'|e }} {{ ('<b>'|safe)|upper + '&' }} {{ '<b>'|safe ~ '<i>' }}", "{{ 'a'|nofilter }}", "{{ d|attr('b') }}| {{ 'a'|attr('upper')() }}", "{{ '%s-%s'|format('a', 1) }} {{ '%(k)s'|format(k=2) }}", "{{ words|map('first')|join }} {{ words|map('length')|sum }}", "{% filter upper %}a{{ name }}b{% endfilter %}", "{% filter trim|replace('a', 'b') %}  aXa  {% endfilter %}!",
    "{{ items|select('odd') is iterable }} {{ items|map('string') is sequence }} {{ 'y' if items|select('gt', 99) else 'n' }}", "{% set g = items|map('string') %}{{ g|list }}{{ g|list }}", "{{ (items|map('string'))[0] }}|", "{{ items|map('string')|length }}", "{{ items|map('string')|first }}", "{{ items|map('string')|last }}", "{{ 'x'|indent(width=2, first=true) }}", "{{ '5'|int + 1 }}", "{{ items|join(',')|length }}", "{{ 1|default(2)|string|length }}",
]

TESTS = [
    "{{ name is defined }} {{ missing is defined }} {{ missing is undefined }} {{ d.b is defined }} {{ d.q is defined }} {{ d.q is not defined }}", "{{ none is none }} {{ nothing is none }} {{ 0 is none }} {{ missing is none }}", "{{ 'a' is string }} {{ 1 is string }} {{ ('a'|safe) is string }}", "{{ d is mapping }} {{ [] is mapping }}",
    "{{ [] is iterable }} {{ 'a' is iterable }} {{ d is iterable }} {{ 1 is iterable }} {{ none is iterable }} {{ missing is iterable }} {{ range(2) is iterable }}", "{{ [] is sequence }} {{ 'a' is sequence }} {{ d is sequence }} {{ (1,) is sequence }} {{ 1 is sequence }} {{ missing is sequence }} {{ d.items() is sequence }} {{ range(1) is sequence }}", "{{ 1 is number }} {{ 1.5 is number }} {{ true is number }} {{ '1' is number }}",
    "{{ true is boolean }} {{ 1 is boolean }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ 0 is false }}", "{{ 1 is integer }} {{ true is integer }} {{ 1.0 is integer }} {{ 1.0 is float }}", "{{ 3 is odd }} {{ 4 is even }} {{ 6 is divisibleby 3 }} {{ 7 is divisibleby(3) }}", "{{ 1 is equalto 1 }} {{ 1 is eq 2 }} {{ 1 is ne 2 }} {{ 2 is gt 1 }} {{ 2 is lt 1 }} {{ 2 is ge 2 }} {{ 2 is le 1 }} {{ 2 is greaterthan 1 }} {{ 1 is lessthan 2 }} {{ 1 is not eq 1 }}", "{{ 1 is in [1, 2] }} {{ 3 is in(items) }} {{ 'z' is not in 'abc' }}",
    "{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'Abc' is lower }} {{ '1' is lower }}", "{{ none is sameas none }} {{ true is sameas true }} {{ 1 is sameas true }}", "{{ range is callable }} {{ 1 is callable }} {{ name.upper is callable }}", "{{ 'upper' is filter }} {{ 'nope' is filter }} {{ 'odd' is test }} {{ 'nope' is test }}", "{{ 'a' is escaped }} {{ ('a'|safe) is escaped }}", "{{ 1 is nosuchtest }}", "{{ 1 is odd is odd }}", "{{ not 1 is odd }} {{ 1 is not odd }}", "{{ 'a' is string and 1 is number or no }}", "{{ 'x' if 1 is odd else 'y' }}", "{{ 'a' is odd }}", "{{ missing is odd }}", "{{ 1 == 1 is true }}", "{{ 1 is true }}{{ 1.0 is sameas 1.0 if false }}",
]

STATEMENTS = [
    "{% if n > 5 %}big{% elif n > 2 %}mid{% else %}small{% endif %}", "{% if no %}a{% elif no %}b{% endif %}|", "{% for i in items %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}", "{% for i in items %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}", "{% for i in items %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }} {% endfor %}", "{% for i in items %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for i in items %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in [1, 1, 2] %}{{ loop.changed(i) }}{% endfor %}", "{% for i in [] %}x{% else %}none{% endfor %}", "{% for i in items if i > 1 %}{{ i }}/{{ loop.length }}{% if not loop.last %},{% endif %}{% endfor %}", "{% for i in items if i > 9 %}x{% else %}e{% endfor %}", "{% for k, v in d|dictsort %}{{ k }}{{ v }}{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for c in 'añ👍' %}[{{ c }}]{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for a in 5 %}{% endfor %}", "{% for a in none %}{% endfor %}", "{% for a in missing %}x{% else %}e{% endfor %}",
    "{% for i in items %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in items %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in [1] %}{% break %}{% else %}E{% endfor %}", "{% for i in [1, 2] %}{% continue %}{% else %}E{% endfor %}", "{% break %}", "{% for i in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", "{% for i in [1, 2] %}{% for j in [1, 2] %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}", "{% for t in tree recursive %}{{ t.v }}{% if t.c %}({{ loop(t.c) }}){% endif %}{% endfor %}", "{% for t in tree recursive %}{{ loop.depth }}{{ loop(t.c) }}{% endfor %}", "{% for t in items %}{{ loop([]) }}{% endfor %}", "{{ loop }}|",
    "{% set a = 1 %}{% for i in items %}{% set a = a + i %}{{ a }}{% endfor %}{{ a }}", "{% set ns = namespace(t=0) %}{% for i in items %}{% set ns.t = ns.t + i %}{% endfor %}{{ ns.t }}", "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }} {{ ns.b }}|{{ ns }}", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a + ns.b }} {{ ns['a'] }}|", "{% set d.x = 1 %}", "{% set q.x = 1 %}", "{% set ns = namespace(_a=1) %}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set ns = namespace() %}{% set ns.a, c = 1, 2 %}{{ ns.a }}{{ c }}", "{% set a %}x{{ n }}y{% endset %}{{ a }}{{ a|length }}", "{% set a | upper | trim %} x{{ n }}y {% endset %}{{ a }}|", "{% set true = 1 %}", "{% if yes %}{% set a = 5 %}{% endif %}{{ a }}", "{% if no %}{% set name = 5 %}{% endif %}{{ name }}", "{% for i in [1, 2] %}{{ q }}{% set q = i %}{% endfor %}", "{% for i in [1] %}{% set loop = 2 %}{% endfor %}", "{% for loop in [1] %}{% endfor %}",
    "{% macro m(a, b=2, *c) %}{% endmacro %}", "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m() }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(z=1) }}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, k=3) }}", "{% macro m(a, b) %}{{ a is defined }}{{ b is defined }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ q }}{% endmacro %}{% set q = 1 %}{{ m() }}", "{% macro f(k) %}{% if k > 0 %}{{ k }}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro a() %}A{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}", "{{ f() }}{% macro f() %}{% endmacro %}", "{% macro m() %}x{% endmacro %}{{ m()|upper ~ m() }}{{ m() is string }}", "{% macro m() %}{% set name = 1 %}{{ name }}{% endmacro %}{{ m() }}{{ name }}", "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro w(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call w('b') %}in {{ name }}{% endcall %}", "{% macro l(xs) %}{% for x in xs %}{{ caller(x) }};{% endfor %}{% endmacro %}{% call(x) l(items) %}{{ x * 2 }}{% endcall %}", "{% macro w() %}n{% endmacro %}{% call w() %}x{% endcall %}", "{% macro w() %}{{ caller is defined }}{% if caller %}{{ caller() }}{% endif %}{% endmacro %}{{ w() }}{% call w() %}x{% endcall %}", "{% call name %}x{% endcall %}", "{% with a=1, b=n %}{{ a }}{{ b }}{% set c = 3 %}{{ c }}{% endwith %}{{ a }}{{ c }}|", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}|", "{% generation %}G{{ name }}{% endgeneration %}", "{% for i in [1, 2] %}{% generation %}{{ i }}{% endgeneration %}{% endfor %}", "{% print 1, 'a' %}",
    "{{ raise_exception('bad ' ~ n) }}", "{{ strftime_now('%Y-%m-%d %H:%M:%S %d %b %B %a %A %j %y %I %p %-d %%') }}", "{{ range(3)|list }} {{ range(1, 4)|list }} {{ range(5, 0, -2)|list }} {{ range(3) }} {{ range(1, 7, 2) }}", "{{ range(1000000)|length }}", "{{ range(1, 2, 0) }}", "{{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ dict([('k', 'v')]) }}", "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% nosuchtag %}", "{% if yes %}open", "{% for x in items %}", "{% endif %}", "{% if %}x{% endif %}", "{{ }}", "{{ 1 + }}", "{{ (1 }}", "{{ 1) }}", "{{ [1) }}", "{{ a b }}", "{{ a.1b }}", "{{ f(a=1, 2) }}", "{{ f(a=1, a=2) }}", "{{ range(*[1, 4])|list }} {{ dict(**{'a': 1}) }}", "{{ 'a' if yes else 'b'|nofilter }}", "{% if no %}{{ 'a'|nofilter }}{% endif %}ok", "{% if no %}{{ 1 is nofilter }}{% endif %}ok", "{% if no %}{% for i in [1] %}{{ i|nofilter }}{% endfor %}{% endif %}ok", "{{ n if yes is defined else missing.x }}", "{% set x = [] %}{% set x = x + [1] %}{% set x = x + [2] %}{{ x }}", "{% set _ = 1 %}{{ _ }}", "{% for _ in range(3) %}.{% endfor %}", "{{ not }}", "{{ $ }}", "{{ 1 ; 2 }}",
    ("{{ messages[0]['role'] + ': ' + messages[0]['content'] | trim }}", {"messages": [{"role": "user", "content": " hi "}]}), ("{% for m in messages %}{% if m.role == 'user' and loop.first %}{{ m.content }}{% endif %}{% endfor %}", {"messages": [{"role": "user", "content": "x"}]}), ("{{ big }} {{ f }} {{ neg }} {{ exp }}", {"big": 9007199254740993, "f": 1.0, "neg": -5, "exp": 1e-07}), ("{{ a.b.c[0].d }} {{ a['b']['c'][0]['d'] }}", {"a": {"b": {"c": [{"d": "deep"}]}}}), ("{{ tools is not none and tools|length > 0 }}", {"tools": None}), ("{{ s }}|{{ s|length }}|{{ s.split('\\n') }}", {"s": "a\r\nb\u2028c"}), ("{{ range(n2)|sum }}", {"n2": 10}), ("{{ name }}{{ loop }}{{ range }}" if False else "{{ range(2) | list | tojson }}", {"range2": 1}), ("{{ namespace }}" if False else "{{ dict2.get('k', {}).get('z', 'none') }}", {"dict2": {}}),
]

SNIPPETS = WHITESPACE + LITERALS + OPERATORS + ACCESS + METHODS + FILTERS + TESTS + STATEMENTS
