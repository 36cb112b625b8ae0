using System.Collections.Frozen;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Stemsharp.Export.CoreML.Reading;

/// <summary>Checks that a parsed program is one: names, bindings, types, shapes, and every weight it refers to.</summary>
internal sealed partial class ProgramChecker
{
    private const int HighestRank = 5;

    // Words that Apple's tools rename values for.
    private static readonly FrozenSet<string> s_reserved = FrozenSet.Create(
        "any", "bool", "program", "func", "tensor", "list", "dict", "tuple", "true", "false", "string", "state", "bf16", "fp16", "fp32", "fp64",
        "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64");

    private readonly PackageModel _model;
    private readonly WeightFile _weights;
    private readonly Dictionary<string, TensorSpec> _specs = [];
    private readonly Dictionary<string, Literal> _constants = [];
    private readonly Dictionary<string, PaletteParts> _palettes = [];

    private ProgramChecker(PackageModel model, WeightFile weights) => (_model, _weights) = (model, weights);

    /// <exception cref="FormatException">The place and the problem.</exception>
    public static void Check(PackageModel model, WeightFile weights) => new ProgramChecker(model, weights).Check();

    private void Check()
    {
        int needed = _model.Opset switch
        {
            "CoreML5" => 6,
            "CoreML6" => 7,
            "CoreML7" => 8,
            "CoreML8" => 9,
            _ => throw new FormatException($"the operation set {_model.Opset} is not known; CoreML5 to CoreML8 are"),
        };
        if (_model.SpecificationVersion != needed)
        {
            throw new FormatException($"the specification version is {_model.SpecificationVersion}, and {_model.Opset} needs {needed}");
        }

        foreach (TypedName argument in _model.Arguments)
        {
            Define(argument);
        }

        Compare("input", _model.Inputs, _model.Arguments);
        foreach (ProgramOperation operation in _model.Operations)
        {
            try
            {
                CheckOperation(operation);
            }
            catch (FormatException problem)
            {
                throw new FormatException($"operation {operation.Type} \"{operation.Name}\": {problem.Message}", problem);
            }
        }

        List<TypedName> results = [];
        foreach (string name in _model.Results)
        {
            results.Add(new TypedName(name, _specs.TryGetValue(name, out TensorSpec? spec) ? spec : throw new FormatException($"the block returns \"{name}\", which nothing computes")));
        }

        if (results.Count == 0)
        {
            throw new FormatException("the block returns nothing");
        }

        Compare("output", _model.Outputs, results);
    }

    private void CheckOperation(ProgramOperation operation)
    {
        if (operation.Outputs.Count == 0)
        {
            throw new FormatException("it has no result");
        }

        if (!operation.Attributes.TryGetValue("name", out Literal? name) || name.Immediate is not string[] { Length: 1 })
        {
            throw new FormatException("it has no name");
        }

        foreach (IReadOnlyList<ParameterBinding> bindings in operation.Inputs.Values)
        {
            foreach (ParameterBinding binding in bindings)
            {
                if (binding.Name is { } value && !_specs.ContainsKey(value))
                {
                    throw new FormatException($"it uses \"{value}\", which is not defined before it");
                }

                if (binding.Literal is { } literal)
                {
                    CheckLiteral(literal);
                }
            }
        }

        OperationTypes.Check(operation.Type, _model.Opset, Given(operation));
        TensorSpec[] inferred = operation.Type switch
        {
            "const" => [Constant(operation)],
            "constexpr_lut_to_dense" => [PaletteRules.Infer(operation, _model.Opset, CheckLiteral)],
            "constexpr_cast" => [Widened(operation)],
            _ => Infer(operation),
        };
        if (inferred.Length != operation.Outputs.Count)
        {
            throw new FormatException($"it has {operation.Outputs.Count} results, not {inferred.Length}");
        }

        for (int i = 0; i < inferred.Length; i++)
        {
            if (!inferred[i].Equals(operation.Outputs[i].Spec))
            {
                throw new FormatException($"its result \"{operation.Outputs[i].Name}\" is declared as {operation.Outputs[i].Spec} and computes {inferred[i]}");
            }

            Define(operation.Outputs[i]);
        }

        if (operation.Type == "const")
        {
            _constants.Add(operation.Name, operation.Attributes["val"]);
        }
        else if (operation.IsConstant)
        {
            _constants.Add(operation.Name, new Literal(inferred[0], null, null, 0));
            if (operation.Type == "constexpr_lut_to_dense")
            {
                _palettes.Add(operation.Name, PaletteRules.Parts(operation, _model.Opset));
            }
        }
    }

    /// <summary>The types of an operation's arguments. Those of constants are attributes, but for constexpr operations from CoreML8 on.</summary>
    private Dictionary<string, (IReadOnlyList<ElementKind> Kinds, bool Constant)> Given(ProgramOperation operation)
    {
        Dictionary<string, (IReadOnlyList<ElementKind> Kinds, bool Constant)> given = [];
        bool attributes = operation.Type == "const" || (operation.IsConstant && _model.Opset is "CoreML5" or "CoreML6" or "CoreML7");
        foreach ((string key, Literal literal) in operation.Attributes.Where(a => a.Key != "name"))
        {
            if (!attributes)
            {
                throw new FormatException($"its parameter {key} is an attribute; in {_model.Opset} it is an input");
            }

            given.Add(key, ([literal.Spec.Kind], true));
        }

        foreach ((string key, IReadOnlyList<ParameterBinding> bindings) in operation.Inputs)
        {
            if (attributes)
            {
                throw new FormatException($"its parameter {key} is an input; in {_model.Opset} it is an attribute");
            }

            if (bindings.Count > 0)
            {
                given.Add(key, ([.. bindings.Select(b => b.Literal?.Spec.Kind ?? _specs[b.Name!].Kind)], bindings.All(b => b.Literal is not null || _constants.ContainsKey(b.Name!))));
            }
        }

        return given;
    }

    private TensorSpec Constant(ProgramOperation operation)
    {
        if (!operation.Attributes.TryGetValue("val", out Literal? literal))
        {
            throw new FormatException("it has no value");
        }

        CheckLiteral(literal);
        return literal.Spec;
    }

    private TensorSpec Widened(ProgramOperation operation)
    {
        Literal source = operation.Argument("source_val"), type = operation.Argument("output_dtype");
        if (type.Immediate is not string[] { Length: 1 } text || text[0] != "fp32")
        {
            throw new FormatException("its output_dtype is not fp32");
        }

        CheckLiteral(source);
        return new TensorSpec(ElementKind.Float32, source.Spec.Shape);
    }

    private TensorSpec[] Infer(ProgramOperation operation)
    {
        if (!OperationRules.All.TryGetValue(operation.Type, out OperationRule? rule))
        {
            throw new FormatException("this reader does not know it");
        }

        if (operation.Inputs.Keys.FirstOrDefault(key => !rule.Parameters.Contains(key)) is { } unknown)
        {
            throw new FormatException($"this reader does not know its parameter {unknown}");
        }

        if (operation.Inputs.TryGetValue("weight", out IReadOnlyList<ParameterBinding>? weight) && weight is [{ Name: { } name }] && _palettes.TryGetValue(name, out PaletteParts? palette))
        {
            PaletteRules.CheckUse(operation, palette, int.TryParse(_model.Metadata.GetValueOrDefault("com.stemsharp.palette_group"), NumberStyles.None, CultureInfo.InvariantCulture, out int group) ? group : 0);
        }

        return rule.Infer(new OperationView(operation, _specs, _constants));
    }

    private void CheckLiteral(Literal literal)
    {
        if (literal.File is not null)
        {
            _weights.Check(literal);
            return;
        }

        int elements = literal.Spec.Elements;
        bool fits = (literal.Spec.Kind, literal.Immediate) switch
        {
            (ElementKind.Float32, float[] v) => v.Length == elements,
            (ElementKind.Int32 or ElementKind.Int16 or ElementKind.UInt16, int[] v) => v.Length == elements,
            (ElementKind.Bool, bool[] v) => v.Length == elements,
            (ElementKind.Text, string[] v) => v.Length == elements,
            (not (ElementKind.Float32 or ElementKind.Int32 or ElementKind.Bool or ElementKind.Text), byte[] v) => v.Length == ((long)elements * literal.Spec.Kind.Bits() + 7) / 8,
            _ => false,
        };
        if (!fits)
        {
            throw new FormatException($"a constant's values do not fit its type {literal.Spec}");
        }
    }

    private void Define(TypedName value)
    {
        if (!Identifier().IsMatch(value.Name))
        {
            throw new FormatException($"\"{value.Name}\" is no identifier");
        }

        if (value.Spec.Rank > HighestRank && value.Spec.Kind.IsFloat() && !value.Name.EndsWith("_palettized", StringComparison.Ordinal))
        {
            throw new FormatException($"\"{value.Name}\" has rank {value.Spec.Rank}; {HighestRank} is the most");
        }

        if (s_reserved.Contains(value.Name))
        {
            throw new FormatException($"\"{value.Name}\" is a word of the language, and no name");
        }

        if (!_specs.TryAdd(value.Name, value.Spec))
        {
            throw new FormatException($"\"{value.Name}\" is defined twice");
        }
    }

    private static void Compare(string what, IReadOnlyList<Feature> described, IReadOnlyList<TypedName> actual)
    {
        if (described.Count != actual.Count)
        {
            throw new FormatException($"the description has {described.Count} {what}s, the program {actual.Count}");
        }

        for (int i = 0; i < actual.Count; i++)
        {
            if (described[i].Name != actual[i].Name || !described[i].Spec.Equals(actual[i].Spec))
            {
                throw new FormatException($"{what} {i} is described as \"{described[i].Name}\" {described[i].Spec}; the program has \"{actual[i].Name}\" {actual[i].Spec}");
            }
        }
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_@]*$")]
    private static partial Regex Identifier();
}
